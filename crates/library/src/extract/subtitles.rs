//! Subtitles (SRT, VTT): what is said, a line each, with the moment when it is.

use super::{Flow, Page, load, text::decode, tidy};
use protocol::Fault;
use std::path::Path;

pub fn read(path: &Path, out: &mut dyn FnMut(Page) -> Result<(), Fault>) -> Result<Vec<Fault>, Fault> {
    flow(&tidy(&decode(&load(path)?, None))).pages(out)?;
    Ok(Vec::new())
}

/// What is said within so many lines of cues stands in one paragraph.
const CUES: usize = 12;

pub(super) fn flow(text: &str) -> Flow {
    let mut flow = Flow::default();
    let mut count = 0;
    for cue in text.split("\n\n") {
        let lines = cue.lines();
        // A number or a name may stand before the times.
        let mut moment = None;
        let mut said: Vec<String> = Vec::new();
        for line in lines {
            match line.split_once("-->") {
                Some((from, _)) if moment.is_none() => {
                    moment = Some(from.split([',', '.']).next().unwrap_or_default().trim().to_owned());
                    said.clear();
                }
                Some(_) | None => said.push(without_tags(line)),
            }
        }
        let said = said.join(" ");
        match moment {
            Some(moment) if !said.trim().is_empty() => {
                flow.block(&format!("[{moment}] {}", said.trim()), count % CUES > 0);
                count += 1;
            }
            // The head of the file, or a note.
            None if !said.trim().is_empty() => {
                flow.block(said.trim(), false);
                count = 0;
            }
            Some(_) | None => {}
        }
    }
    flow
}

/// `<i>Well</i>, {\an8}yes` without its marks.
fn without_tags(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut until = None;
    for c in line.chars() {
        match (until, c) {
            (None, '<') => until = Some('>'),
            (None, '{') => until = Some('}'),
            (None, c) => text.push(c),
            (Some(end), c) if c == end => until = None,
            (Some(_), _) => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_and_when() {
        let srt = "1\n00:00:01,000 --> 00:00:03,500\n<i>The rent</i> is\nnine hundred.\n\n2\n00:00:04,000 --> 00:00:06,000\n{\\an8}A month?\n";
        let vtt = "WEBVTT\n\nNOTE by Ada\n\nintro\n00:01.000 --> 00:03.000 line:0\n<v Bob>Yes.\n";
        for (source, expected) in [
            (srt, "[00:00:01] The rent is nine hundred.\n[00:00:04] A month?"),
            (vtt, "WEBVTT\n\nNOTE by Ada\n\n[00:01] Yes."),
        ] {
            let mut text = String::new();
            flow(source)
                .pages(&mut |page| {
                    text += &page.text;
                    Ok(())
                })
                .unwrap();
            assert_eq!(text, expected);
        }
    }
}
