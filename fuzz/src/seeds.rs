//! With what does fuzzing begin? A few small sound inputs for each target, which the mutations start from.

use crate::{
    build, documents,
    encoder::{FILES, SOUND, input},
    parts::{ITEM, SECTION},
};

/// Inputs by target and name.
#[must_use]
pub fn all() -> Vec<(&'static str, String, Vec<u8>)> {
    let mut all = Vec::new();
    let mut add = |target, name: &str, bytes: Vec<u8>| all.push((target, name.to_owned(), bytes));
    for architecture in ["llama", "qwen2", "qwen3"] {
        add("gguf", architecture, build::model(architecture).bytes());
    }
    let scaled = build::model("llama")
        .number("general.alignment", 32)
        .text("llama.rope.scaling.type", "yarn")
        .fraction("llama.rope.scaling.factor", 4.0)
        .number("llama.rope.scaling.original_context_length", 16)
        .tensor("rope_freqs.weight", &[2])
        .tensor("output.weight", &[8, 5]);
    add("gguf", "scaled", scaled.bytes());
    let join = |parts: &[&[u8]], with: u8| parts.join(&[with][..]);
    let words = |all: &[&str]| join(&all.iter().map(|word| word.as_bytes()).collect::<Vec<_>>(), ITEM);
    for (name, flags, rule, tokens, merges, text) in [
        ("gpt2", 0x01u8, "gpt-2", &["a", "b", "ab", "Ġ", "<|x|>", "Ã", "©"][..], &["a b"][..], "abé ab<|x|>  "),
        ("llama-bpe", 0x03, "llama-bpe", &["a", "b", "ab", "1", "12"], &["a b", "1 2"], "ab 123456\n\n"),
        ("gemma4", 0x81, "", &["a", "▁", "▁a", "<0xC3>", "<0xA9>", "\n\n"], &["▁ a"], "a a\n\né"),
        ("llama", 0x45, "", &["<unk>", "<s>", "</s>", "a", "b", "ab", "▁", "▁ab", "<0x0A>"], &[], "abab ab\n"),
        ("phi", 0x4D, "", &["<unk>", "<s>", "<|end|>", "a", "▁"], &[], "a<|end|>  a"),
    ] {
        let (tokens, merges) = (words(tokens), words(merges));
        let scores: Vec<u8> = (0..9u8).flat_map(|at| (-f32::from(at)).to_le_bytes()).filter(|b| *b < 0xFE).collect();
        let parts = [&[flags, 1, 2][..], rule.as_bytes(), &tokens, &[], &merges, &scores, text.as_bytes()];
        add("tokenizer", name, join(&parts, SECTION));
    }
    for (name, source) in [
        (
            "chatml",
            "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] | trim + '<|im_end|>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}",
        ),
        (
            "tools",
            "{%- macro f(x, n=2) -%}{{ x | tojson(indent=n) }}{%- endmacro -%}{% if tools %}{% for t in tools %}{{ f(t.function) }}<tool_call>{% endfor %}{% endif %}",
        ),
        (
            "methods",
            "{% set ns = namespace(x='', l=[]) %}{% for m in messages %}{% set ns.x = ns.x ~ m.role.upper().replace('A', 'bb') %}{% set ns.l = ns.l + [m.role.split('s')] %}{% endfor %}{{ ns.x[::-1] }}{{ ns.l | join(', ') }}{{ '%s' % 'x' if false else 'y' * 3 }}{{ ns.x | indent(2) | length }}",
        ),
        (
            "slices",
            "{% set rest = messages[1:] %}{% for m in rest if m.role != 'tool' %}{{ loop.index0 }}{% if loop.last %}{% break %}{% endif %}{% endfor %}{{ messages | selectattr('role', 'equalto', 'user') | map(attribute='content') | list }}{{ {'a': [1, 2.5, none]} | items }}{{ range(3) | list }}{{ 7 // 2 ** 3 % 4 }}{{ strftime_now('%d %b') if x is defined }}{{ raise_exception('no') if y }}",
        ),
        (
            "generation",
            "{% generation %}{% filter upper %}x{% endfilter %}{% endgeneration %}{% set q %}a{{ 1 }}{% endset %}{{ q }}{% call(x) g() %}{% endcall %}",
        ),
    ] {
        let messages = br#"[{"role":"user","content":"Hi"},{"role":"tool","content":"1"}]"#;
        let tools = br#"[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]"#;
        add("template", name, join(&[source.as_bytes(), messages, tools, br#"{"x":1}"#], SECTION));
    }
    for (form, text) in [
        (0u8, "Hello END <think>x</think> é\n\nthere"),
        (
            1,
            "<think>so</think>\n<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": \"x\\\"}\"}}</tool_call>\n<tool_call>{\"name\":\"g\"}</tool_call> end",
        ),
        (2, "a <tool_call>\n<function=f>\n<parameter=x>\n1\n</parameter>\n</function>\n</tool_call> b"),
        (3, "<tool_call>f<arg_key>a</arg_key><arg_value>[1]</arg_value></tool_call>"),
        (4, "{\"name\": \"f\", \"parameters\": {\"a\": 1}}; {\"name\": \"g\", \"parameters\": null}"),
        (
            5,
            "[TOOL_CALLS]f[CALL_ID]1[ARGS]{\"a\": 1}[TOOL_CALLS][{\"name\": \"f\", \"arguments\": {}}, {\"name\": \"g\", \"arguments\": \"{}\", \"id\": 1}] x",
        ),
        (6, "<|tool_call|>[{\"name\": \"f\", \"arguments\": {\"a\": [1]}}]<|/tool_call|>"),
        (7, "<|inner_prefix|>t<|inner_suffix|><|tools_prefix|>[{\"f\": {\"a\": 1}}, {\"g\": {}}]<|tools_suffix|>"),
        (8, "<|START_ACTION|>[{\"tool_call_id\": \"0\", \"tool_name\": \"f\", \"parameters\": {}}]<|END_ACTION|>"),
        (9, "Action: ```json\n[{\"tool_name\": \"f\", \"parameters\": {\"q\": \"x\"}}]\n```"),
        (10, "<|tool_call_start|>[f(a=1, b='it\\'s', c=[True, None], d={\"k\": 1.5}), g()]<|tool_call_end|>"),
        (11, "<|channel>thought\nx<channel|><|tool_call>call:f{a:<|\"|>x{<|\"|>,b:[1,true]}<tool_call|>"),
        (12, "f\n{\"a\": 1}"),
    ] {
        add("answer", &format!("form-{form}"), join(&[&[form, 3], text.as_bytes()], SECTION));
    }
    let schema = r##"{"type":"object","properties":{"a":{"type":"integer","minimum":-5},"b":{"enum":["x",null]},"c":{"type":"array","items":{"$ref":"#/$defs/t"},"maxItems":3},"d":{"type":"string","pattern":"^a+$","maxLength":4}},"required":["a"],"additionalProperties":false,"$defs":{"t":{"anyOf":[{"type":"boolean"},{"const":2.5}]}}}"##;
    let lark = "start: A b? (\"x\" | c)+\nb: /[a-f]{2,6}/ & ~/.*bb.*/\nc: \"(\" start \")\" | %json {\"type\": \"null\"}\nA: \"a\"..\"c\" | B{2,3}\nB: \"the\" \" \"\n";
    add("grammar", "lark", join(&[&[0], b"1", lark.as_bytes()], SECTION));
    let gbnf = "root ::= list | (\"a\" | [^b-d\\n] ws)+\nlist ::= \"[\" ws (root (\",\" ws root){0,3})? \"]\"\nws ::= ([ \\t] ws)? # blanks\n";
    add("grammar", "gbnf", join(&[&[15], b"1", gbnf.as_bytes()], SECTION));
    for kind in [1u8, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14] {
        add("grammar", &format!("schema-{kind}"), join(&[&[kind | 0x30], b"1", schema.as_bytes()], SECTION));
    }
    for (name, bytes) in documents::seeds::all() {
        add("documents", &name, bytes);
    }
    for (which, bytes) in SOUND.iter().enumerate() {
        let name = FILES[which].replace('/', "-");
        add("encoder", &name, input(which + which % 3 * FILES.len(), bytes));
    }
    for (name, bytes) in [
        ("shapes", vec![0; 32]),
        ("q4", vec![1, 3, 20, 1, 5, 0x3C, 0x12, 0x34, 0xC0, 0x55]),
        ("q6", vec![1, 10, 20, 0, 5, 0x3C, 0x12, 0x34, 0xC0, 0x55]),
        ("dense", vec![2, 0, 2, 1, 40, 33, 9, 0x3F, 0x80, 0, 0x42]),
        ("attention", vec![3, 1, 1, 33, 130, 5, 0x3F, 0x80, 0, 0x42]),
    ] {
        add("kernels", name, bytes);
    }
    all
}
