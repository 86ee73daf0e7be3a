//! Our own readers meet any bytes: real beginnings, mutated and cut, and noise. None panics, none gives more
//! text than it was given (but for a bounded share), and the same bytes give the same text.

use super::{Flow, Page, code, epub, format_of, html, letter::Letter, mail, mbox, ocr, subtitles, text::decode};
use proptest::prelude::*;
use std::{io::Write, path::Path};

/// Beginnings of what people have.
const SEEDS: &[&[u8]] = &[
    b"From ada@example.org Thu Jan  1 09:00:00 2026\nSubject: =?utf-8?q?a?=\n\nText\n>From x\n\nFrom b Fri 2:3\nTo: c\n\nx",
    b"Content-Type: multipart/mixed; boundary=b\r\nSubject: s\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>x\r\n--b--\r\n",
    b"1\n00:00:01,000 --> 00:00:03,500\n<i>Well</i> {\\an8}\n\nWEBVTT\n\nNOTE\n",
    b"pub fn a() {\n}\nclass B:\n    def c(self): pass\nCREATE TABLE d (\n\\section{e}\n",
    b"<package><manifest><item id='a' href='b%20c.html' /></manifest><spine><itemref idref='a'/></spine></package>",
    b"<html><title/><main><table><tr><td>a<td>b</table><blockquote>q</blockquote><ul><li>x<ul><li>y</ul></ul></main>",
    b"1\t1\t0\t0\t0\t0\t0\t0\t100\t200\t-1\t\n5\t1\t1\t1\t1\t1\t9\t9\t9\t9\t99\tMiet-\n5\t1\t1\t1\t2\t1\t9\t9\t9\t9\t99\tvertrag",
    b"\xff\xfea\0b\0 \xe4\xf6\xfc \x1b$B \x82\xa0 \xd0\x90 \0x\0y",
];

/// A seed with some bytes changed, cut somewhere, or noise.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let mutated = (
        0..SEEDS.len(),
        prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        any::<prop::sample::Index>(),
    );
    let mutated = mutated.prop_map(|(seed, changes, end)| {
        let mut bytes = SEEDS[seed].to_vec();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(end.index(bytes.len()) + 1);
        bytes
    });
    let joined = (0..SEEDS.len(), 0..SEEDS.len()).prop_map(|(a, b)| [SEEDS[a], SEEDS[b]].concat());
    prop_oneof![6 => mutated, 1 => joined, 2 => prop::collection::vec(any::<u8>(), 0..600)]
}

/// The text of all pages, whose headings and blocks lie within them.
fn text_of(flow: Flow) -> String {
    let mut text = String::new();
    let mut take = |page: Page| {
        let length = page.text.chars().count() as u32;
        assert!(
            page.headings.iter().all(|heading| heading.span.start < heading.span.end && heading.span.end <= length)
        );
        assert!(page.blocks.iter().all(|block| block.span.start < block.span.end && block.span.end <= length));
        text.push_str(&page.text);
        Ok(())
    };
    flow.pages(&mut take).unwrap();
    text
}

fn letters(text: &str) -> usize {
    text.chars().filter(|c| c.is_alphanumeric()).count()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics_and_nothing_grows(bytes in bytes()) {
        let source = decode(&bytes, None);
        prop_assert_eq!(&source, &decode(&bytes, None));
        let given = letters(&super::tidy(&source));
        prop_assert_eq!(letters(&text_of(code::flow(&super::tidy(&source)))), given, "code loses nothing");
        prop_assert!(letters(&text_of(subtitles::flow(&super::tidy(&source)))) <= given);
        let opened = epub::package::open_out(&source);
        prop_assert!(opened.len() <= 3 * source.len() + 16);
        let package = epub::package::Package::read(&source, "OPS/a.opf");
        prop_assert!(package.spine.iter().all(|place| !place.starts_with('/') && !place.split('/').any(|part| part == "..")));
        let _ = (epub::package::root(&source), epub::package::contents(&opened), epub::package::encrypted(&source));
        let _ = (html::text(&source), html::has_heading(&source), html::declared(&bytes));
        let _ = text_of(html::flow(&source));
        let read = ocr::table::read(&source);
        let length = read.text.chars().count() as u32;
        prop_assert!(read.words.iter().all(|word| word.start + u32::from(word.length) <= length));
        let letter = Letter { subject: source.clone(), text: Some(source.clone()), html: Some(source), ..Letter::default() };
        let _ = text_of(letter.flow());
        let _ = (mail::title(&bytes), mail::looks_like(&bytes), mbox::looks_like(&bytes), mail::date_of(&bytes));
        prop_assert!(!format_of(&bytes, Path::new("a.x")).is_empty());
    }

    #[test]
    fn a_mailbox_gives_no_byte_that_is_not_in_it(bytes in bytes()) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&bytes).unwrap();
        let found = super::parts::parts_of(mbox::parts, file.path()).unwrap().0;
        let all: usize = found.iter().map(|(_, bytes)| bytes.len()).sum();
        prop_assert!(all <= bytes.len(), "{} of {}", all, bytes.len());
        // A message that is no message is said to be none; nothing else happens.
        let _ = super::parts::pages_of(mail::read, file.path());
        let _ = super::parts::parts_of(mail::parts, file.path());
    }
}
