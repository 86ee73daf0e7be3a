//! What is read of RTF.

use super::*;
use crate::extract::tests::{first_page, kinds};

fn seen(rtf: &[u8]) -> String {
    kinds(&first_page(flow(rtf).unwrap()))
}

#[test]
fn a_document_as_a_reader_sees_it() {
    let rtf = br#"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fcharset0 Times;}{\f1\fcharset204 Arial;}{\f2\fcharset128 Mincho;}}
{\stylesheet{\s0 Normal;}{\s1\outlinelevel0 heading 1;}{\s9 Heading 2;}}{\info{\title Not text}}{\colortbl;\red0;}
\pard\s1 Lease\par\pard\plain The rent is {\b 900 \'80}.{\footnote \pard See \'a7 4.\par}\line A second line.{\v hidden}{\deleted gone}\par
{\field{\*\fldinst HYPERLINK "http://far"}{\fldrslt a link}}\par
{\listtext\'b7\tab}\pard\ilvl0 heat\par{\listtext a)\tab}\pard\ilvl1 gas\par
\pard\s9 Signs\par\pard \u8364?\u-10179?\u-8704? {\f1 \'cf\'f0\'e8} {\f2 \'93\'fa\'96\'7b} \{x\} em\emdash dash\~end\par
\trowd\cellx100\cellx200 \intbl What\cell Euros\cell\row\trowd \intbl Flat\par two lines\cell 900\cell\row\pard
After{\pict\bin5 {}{}{ text}{\header Ada & Co.\par}\par
{\*\unknown not text}{\shp{\*\shpinst{\sp{\sn a}{\sv b}}{\shptxt In a box\par}}}}"#;
    insta::assert_snapshot!(seen(rtf));
}

#[test]
fn what_is_cut_off_or_hostile_ends() {
    assert_eq!(flow(b"plain").err().unwrap().code, "document.damaged");
    let deep = [&b"{\\rtf1 "[..], &b"{".repeat(1_000_000)].concat();
    assert_eq!(flow(&deep).err().unwrap().code, "document.damaged");
    for rtf in [
        &b"{\\rtf1 \\u99999999999999 x\\'zz\\'e"[..],
        b"{\\rtf1 x\\bin99999999 }}}}",
        b"{\\rtf1 }}}\\par x",
        b"{\\rtf1 \\ansicpg7 \\'ff\\uc-5 \\u-1 \\ilvl99\\par",
    ] {
        flow(rtf).unwrap();
    }
}
