//! Does the Lark grammar allow the texts that the grammar in GBNF allows, and no others? Compared with a plain search
//! over the rules, on grammars and texts that are drawn.

use super::{Node, Rules, Wrong, read, to_lark};
use llguidance::{Matcher, ParserFactory, api::TopLevelGrammar, toktrie::ApproximateTokEnv};
use std::collections::{BTreeSet, HashMap};

/// Whether a text is one of a grammar's, as llguidance sees it, byte by byte.
struct Judge {
    factory: ParserFactory,
}

impl Judge {
    fn new() -> Self {
        let mut factory = ParserFactory::new_simple(&ApproximateTokEnv::single_byte_env()).unwrap();
        factory.quiet();
        Self { factory }
    }

    fn matcher(&self, lark: &str) -> Matcher {
        let parser = self.factory.create_parser(TopLevelGrammar::from_lark(lark.to_owned()));
        Matcher::new(Ok(parser.unwrap_or_else(|error| panic!("{error}\n{lark}"))))
    }

    fn takes(matcher: &Matcher, text: &str) -> bool {
        let mut matcher = matcher.deep_clone();
        for byte in text.bytes() {
            if matcher.is_stopped() || !matcher.compute_mask_or_eos().unwrap().is_allowed(byte.into()) {
                return false;
            }
            matcher.consume_token(byte.into()).unwrap();
        }
        matcher.is_stopped() || matcher.is_accepting().unwrap()
    }
}

/// The plain search: where can a node that begins at a place of the text end?
struct Search {
    text: Vec<char>,
    known: HashMap<(usize, usize), BTreeSet<usize>>,
    changed: bool,
}

impl Search {
    fn takes(rules: &Rules, text: &str) -> bool {
        let mut search = Search { text: text.chars().collect(), known: HashMap::new(), changed: true };
        // Until nothing new is found: that takes care of rules that begin with themselves.
        while std::mem::take(&mut search.changed) {
            for rule in 0..rules.bodies.len() {
                for from in 0..=search.text.len() {
                    let found = search.ends(&rules.bodies[rule], from);
                    let known = search.known.entry((rule, from)).or_default();
                    let before = known.len();
                    known.extend(found);
                    search.changed |= known.len() > before;
                }
            }
        }
        search.known[&(0, 0)].contains(&search.text.len())
    }

    fn ends(&self, node: &Node, from: usize) -> BTreeSet<usize> {
        match node {
            Node::One(set) => {
                let holds = |c: &char| set.ranges().iter().any(|(a, b)| (*a..=*b).contains(&u32::from(*c)));
                self.text.get(from).filter(|c| holds(c)).map(|_| from + 1).into_iter().collect()
            }
            Node::Rule(rule) => self.known.get(&(*rule, from)).cloned().unwrap_or_default(),
            Node::Seq(all) => all.iter().fold(BTreeSet::from([from]), |places, node| {
                places.iter().flat_map(|place| self.ends(node, *place)).collect()
            }),
            Node::Any(all) => all.iter().flat_map(|node| self.ends(node, from)).collect(),
            Node::Many(node, least, most) => {
                let (mut places, mut out) = (BTreeSet::from([from]), BTreeSet::new());
                // More turns than there are characters bring nothing new, whatever `most` says.
                for turn in 0..=most.unwrap_or(u32::MAX).min(least + self.text.len() as u32 + 1) {
                    if turn >= *least {
                        out.extend(&places);
                    }
                    places = places.iter().flat_map(|place| self.ends(node, *place)).collect();
                }
                out
            }
        }
    }
}

#[test]
fn grammars_of_llama_cpps_kind_take_what_they_say() {
    let judge = Judge::new();
    let json = r#"
        root   ::= object
        value  ::= object | array | string | number | ("true" | "false" | "null") ws
        object ::= "{" ws (
                    string ":" ws value
            ("," ws string ":" ws value)*
          )? "}" ws
        array  ::= "[" ws ( value ("," ws value)* )? "]" ws
        string ::= "\"" ( [^"\\\x7F\x00-\x1F] | "\\" (["\\bfnrt] | "u" [0-9a-fA-F]{4}) )* "\"" ws
        number ::= ("-"? ([0-9] | [1-9] [0-9]{0,15})) ("." [0-9]+)? ([eE] [-+]? [0-9] [1-9]{0,15})? ws
        # white space
        ws ::= | " " | "\n" [ \t]{0,20}
    "#;
    let sums = "root ::= (expr \"=\" ws term \"\\n\")+\nexpr ::= term ([-+*/] term)*\n\
        term ::= ident | num | \"(\" ws expr \")\" ws\nident ::= [a-z] [a-z0-9_]* ws\nnum ::= [0-9]+ ws\n\
        ws ::= [ \\t\\n]*";
    /// A grammar, texts that it takes, and texts that it does not.
    type Case<'a> = (&'a str, &'a [&'a str], &'a [&'a str]);
    let cases: &[Case] = &[
        (r#"root ::= "yes" | "no""#, &["yes", "no"], &["", "ye", "yesno", "y"]),
        ("root ::= [a-c]+ \"c\"", &["ac", "cc", "abcc"], &["c", "ab"]),
        ("root ::= [^\\n]+ \"\\n\"", &["é🦀\n"], &["\n", "a"]),
        (r#"root ::= "\x41\u00e9\U0001F980" .?"#, &["Aé🦀", "Aé🦀\n"], &["Aé"]),
        ("root ::= item{2,3} | \"\"\nitem ::= \"ab\"\n# the end", &["", "abab", "ababab"], &["ab", "abababab"]),
        ("root ::= ws \"x\"\nws ::= ([ \\t] ws)?", &["x", " \t x"], &[" ", "\nx"]),
        ("root ::= \"(\" root \")\" |\n  \"a\"", &["a", "((a))"], &["(a", "()", "a)"]),
        ("root ::= \"a\"\n  | \"b\" # or\n  | \"c\"", &["a", "b", "c"], &["ab"]),
        ("root ::= root \"a\" | \"b\"", &["b", "baa"], &["a", "ab"]),
        (
            json,
            &[r#"{}"#, r#"{"a": [1, -2.5e3, "x\n", null], "b":{"c" :true}}"#, "{\n  \"a\":1 }"],
            &["", "[1]", r#"{"a":}"#, r#"{"a":01}"#, "{\"a\": \"\n\"}"],
        ),
        (sums, &["x=1\n", "(a+2) *b = y \n \n\n", "x=y\n\nz=3\n"], &["x=\n", "x = y", "x==1\n"]),
    ];
    for (gbnf, taken, refused) in cases {
        let lark = to_lark(gbnf).unwrap_or_else(|error| panic!("{error}: {gbnf}"));
        let matcher = judge.matcher(&lark);
        let rules = read::rules(gbnf).unwrap();
        for (texts, expected) in [(taken, true), (refused, false)] {
            for text in *texts {
                assert_eq!(Search::takes(&rules, text), expected, "the search is wrong: {gbnf}\n{text:?}");
                assert_eq!(Judge::takes(&matcher, text), expected, "{gbnf}\n{text:?}\n{lark}");
            }
        }
    }
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let long = format!("root ::= \"{}\"", "a".repeat(60_000));
    let deep = format!("root ::= {}\"a\"{}", "(".repeat(65), ")".repeat(65));
    let rules: String = (0..1001).map(|n| format!("r{n} ::= \"a\"\n")).collect();
    for (gbnf, place, what) in [
        ("", None, "no rule 'root'"),
        ("rot ::= \"a\"", None, "no rule 'root'"),
        ("root ::= word", Some((1, 10)), "no rule 'word'"),
        ("root ::= \"a\"\nroot ::= \"b\"", Some((2, 1)), "twice"),
        ("root ::= \"a\"\n\n  x = \"b\"", Some((3, 5)), "'::='"),
        ("root ::= \"é\" )", Some((1, 14)), "ends with its line"),
        ("root ::= a b ::= \"c\"", Some((1, 12)), "ends with its line"),
        ("root ::= (\"a\"", Some((1, 14)), "')' is missing"),
        ("root ::= \"a", Some((1, 10)), "does not end"),
        ("root ::= [a", Some((1, 10)), "does not end"),
        ("root ::= []", Some((1, 10)), "no character"),
        ("root ::= [^\\x00-\\U0010FFFF]", Some((1, 10)), "no character"),
        ("root ::= [b-a]", Some((1, 11)), "before it begins"),
        ("root ::= \"\\q\"", Some((1, 11)), "escape"),
        ("root ::= \"\\xZ0\"", Some((1, 11)), "hexadecimal"),
        ("root ::= \"\\uD800\"", Some((1, 11)), "no character"),
        ("root ::= \"a\"{3,2}", Some((1, 13)), "less"),
        ("root ::= \"a\"{2001}", Some((1, 13)), "2000"),
        ("root ::= \"a\"{99999999999}", Some((1, 14)), "too large"),
        ("root ::= \"a\"{}", Some((1, 14)), "number"),
        ("root ::= \"a\"*****", Some((1, 17)), "marks"),
        ("root ::= <think>", Some((1, 10)), "tokens"),
        ("root ::= \"a\" root", None, "'root' never ends"),
        ("::= \"a\"", Some((1, 1)), "its name"),
        (&long, Some((1, 60_012)), "parts"),
        (&deep, Some((1, 74)), "nested"),
        (&rules, Some((1000, 13)), "rules"),
    ] {
        let begun: String = gbnf.chars().take(60).collect();
        let wrong = to_lark(gbnf).expect_err(&begun);
        let found = match &wrong {
            Wrong::At { line, column, .. } => Some((*line, *column)),
            Wrong::Whole(_) => None,
        };
        assert!(found == place && wrong.to_string().contains(what), "{begun}: {wrong}");
    }
}

/// Numbers that follow from a seed (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, count: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % count
    }

    /// A part of a rule, in GBNF.
    fn part(&mut self, rules: u64, depth: u32) -> String {
        match self.below(if depth == 0 { 6 } else { 11 }) {
            0 => "\"a\"".to_owned(),
            1 => "\"b\"".to_owned(),
            2 => "[ab]".to_owned(),
            3 => "\"ab\"".to_owned(),
            4 => "[^a]".to_owned(),
            5 => format!("r{}", self.below(rules)),
            6 => format!("({})*", self.alternatives(rules, depth - 1)),
            7 => format!("({})?", self.alternatives(rules, depth - 1)),
            8 => format!("({}){{{},{}}}", self.alternatives(rules, depth - 1), self.below(2), 2 + self.below(2)),
            9 => format!("({})+", self.alternatives(rules, depth - 1)),
            _ => format!("({})", self.alternatives(rules, depth - 1)),
        }
    }

    fn alternatives(&mut self, rules: u64, depth: u32) -> String {
        let some: Vec<String> = (0..=self.below(3))
            .map(|_| match (0..self.below(4)).map(|_| self.part(rules, depth)).collect::<Vec<_>>().join(" ") {
                // A rule that says nothing would go on in the next line.
                nothing if nothing.is_empty() => "\"\"".to_owned(),
                something => something,
            })
            .collect();
        some.join(" | ")
    }

    fn grammar(&mut self) -> String {
        let rules = 1 + self.below(4);
        let bodies: Vec<String> = (0..rules).map(|n| format!("r{n} ::= {}\n", self.alternatives(rules, 2))).collect();
        format!("root ::= r0\n{}", bodies.concat())
    }
}

#[test]
fn drawn_grammars_take_the_same_texts() {
    let judge = Judge::new();
    let mut texts = vec![String::new()];
    for from in 0.. {
        if texts[from].chars().count() == 4 {
            break;
        }
        for c in ['a', 'b', 'é'] {
            texts.push(format!("{}{c}", texts[from]));
        }
    }
    let mut random = Random(1);
    let (mut compared, mut taken, mut divided) = (0, 0, 0);
    while compared < 120 {
        let gbnf = random.grammar();
        let lark = match to_lark(&gbnf) {
            Ok(lark) => lark,
            Err(wrong) => {
                assert!(wrong.to_string().contains("never ends"), "{wrong}: {gbnf}");
                continue;
            }
        };
        let (rules, matcher) = (read::rules(&gbnf).unwrap(), judge.matcher(&lark));
        for text in &texts {
            let expected = Search::takes(&rules, text);
            assert_eq!(Judge::takes(&matcher, text), expected, "{gbnf}\n{text:?}\n{lark}");
            taken += usize::from(expected);
        }
        compared += 1;
        divided += usize::from(lark.contains("r1"));
    }
    assert!(taken > 600 && divided > 30, "{taken} texts were taken, {divided} grammars have several rules");
}

/// Whatever becomes of a grammar on its way: an error, or something that llguidance takes.
#[test]
fn altered_grammars_do_no_harm() {
    let judge = Judge::new();
    let whole = "root ::= (list | \"a\\x41\" | [^b-d\\n]{0,3} ws)+ # a\nlist ::= \"[\" ws (root (\",\" ws root)*)? \"]\" |\n \"é\"\nws ::= ([ \\t] ws)?\n";
    let mut random = Random(5);
    let mut taken = 0;
    for _ in 0..3000 {
        let mut chars: Vec<char> = whole.chars().collect();
        for _ in 0..=random.below(4) {
            let (at, from) = (random.below(chars.len() as u64) as usize, random.below(chars.len() as u64) as usize);
            match random.below(3) {
                0 => drop(chars.remove(at)),
                1 => chars[at] = chars[from],
                _ => chars.insert(at, chars[from]),
            }
        }
        let gbnf: String = chars.into_iter().collect();
        let Ok(lark) = to_lark(&gbnf) else { continue };
        let parser = judge.factory.create_parser(TopLevelGrammar::from_lark(lark.clone()));
        assert!(parser.is_ok(), "{}: {gbnf}\n{lark}", parser.err().unwrap());
        taken += 1;
    }
    assert!(taken > 200, "{taken} of 3000 were taken");
}

#[test]
fn a_hostile_grammar_takes_no_more_than_a_moment() {
    let chain: String = (0..990).map(|n| format!("r{n} ::= \"x\" r{} \"y\" | root\n", (n * 7 + 3) % 990)).collect();
    let wide: String = (0..40).map(|n| format!("r{n} ::= r{0} r{0} r{0} r{0}\n", n + 1)).collect();
    let stars = format!("root ::= ({} root)* \"q\"", "([a-z] [a-z0-9]*)* ".repeat(400));
    let words = (0..4000).map(|n| format!("\"word{n}\"")).collect::<Vec<_>>().join(" | ");
    for gbnf in [
        format!("root ::= r0 | \"a\"\n{chain}"),
        format!("root ::= r0\n{wide}r40 ::= \"a\""),
        stars,
        format!("root ::= \"(\" root \")\" | ({words})*"),
        format!("root ::= ({words}) root | \"end\""),
    ] {
        let began = std::time::Instant::now();
        let done = to_lark(&gbnf).map(|lark| lark.len());
        // Twenty times what it takes on a busy laptop.
        assert!(began.elapsed().as_secs() < 60, "{:?}: {done:?}: {gbnf:.80}", began.elapsed());
    }
}
