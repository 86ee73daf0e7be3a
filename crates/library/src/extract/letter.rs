//! How a message reads, whatever file it came in: what it is about, who wrote to whom and when, its words,
//! and the names of what is attached.

use super::{Flow, html, tidy};

/// A message. Lines of addresses are as people read them: `Ada Lovelace <ada@example.org>`.
#[derive(Debug, Default, PartialEq)]
pub struct Letter {
    pub subject: String,
    pub from: String,
    pub to: String,
    pub cc: String,
    /// When it was sent, in the sender's time: `2026-03-01 09:30 +01:00`.
    pub date: String,
    pub text: Option<String>,
    pub html: Option<String>,
    /// Names of what is attached.
    pub attached: Vec<String>,
}

/// Names of attachments that are listed.
const MOST_LISTED: usize = 500;
/// Plain words stand for the message where they are at least this share of the words of its HTML: some
/// programs send a stub instead.
const PLAIN_SHARE: f64 = 0.8;

impl Letter {
    /// Lays it out.
    pub fn flow(self) -> Flow {
        let mut flow = Flow::default();
        flow.heading(&tidy(&self.subject), 1);
        let mut tight = false;
        for (name, value) in [("From", &self.from), ("To", &self.to), ("Cc", &self.cc), ("Date", &self.date)] {
            let value = tidy(value).split_whitespace().collect::<Vec<_>>().join(" ");
            if !value.is_empty() {
                flow.block(&format!("{name}: {value}"), tight);
                tight = true;
            }
        }
        let mut flow = match (self.text, self.html) {
            (Some(text), Some(source)) => {
                let words = |text: &str| text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).count();
                let rich = html::text(&source);
                match words(&text) as f64 >= PLAIN_SHARE * words(&rich) as f64 {
                    true => plain(&text, flow),
                    false => html::add(&source, flow),
                }
            }
            (Some(text), None) => plain(&text, flow),
            (None, Some(source)) => html::add(&source, flow),
            (None, None) => flow,
        };
        let mut tight = false;
        for name in self.attached.iter().take(MOST_LISTED) {
            let name = tidy(name).split_whitespace().collect::<Vec<_>>().join(" ");
            flow.item(&format!("📎 {name}"), 0, tight);
            tight = true;
        }
        flow
    }
}

/// Adds plain text: paragraphs, and what is quoted apart from what is new.
fn plain(text: &str, mut flow: Flow) -> Flow {
    let text = tidy(text);
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.peek() {
        let quoted = line.starts_with('>');
        let mut stretch = String::new();
        while let Some(line) =
            lines.next_if(|line| line.starts_with('>') == quoted && (quoted || !line.trim().is_empty()))
        {
            if !stretch.is_empty() {
                stretch.push('\n');
            }
            stretch.push_str(line);
        }
        if quoted {
            flow.quote(&stretch);
        } else if !stretch.is_empty() {
            flow.block(&stretch, false);
        } else {
            lines.next();
        }
    }
    flow
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(letter: Letter) -> String {
        let mut text = String::new();
        letter
            .flow()
            .pages(&mut |page| {
                text += &page.text;
                Ok(())
            })
            .unwrap();
        text
    }

    #[test]
    fn a_message_reads_from_its_subject_to_what_is_attached() {
        let letter = Letter {
            subject: "Re: Lease".into(),
            from: "Ada <ada@example.org>".into(),
            to: "Bob\r\n <bob@example.org>".into(),
            date: "2026-03-01 09:30 +01:00".into(),
            text: Some("I agree.\n\nOn Sunday Bob wrote:\n> Is 900\n> a month right?\n\nBest,\nAda\n".into()),
            attached: vec!["lease.pdf".into(), "plan\n.png".into()],
            ..Letter::default()
        };
        insta::assert_snapshot!(text(letter), @r"
        Re: Lease

        From: Ada <ada@example.org>
        To: Bob <bob@example.org>
        Date: 2026-03-01 09:30 +01:00

        I agree.

        On Sunday Bob wrote:

        > Is 900
        > a month right?

        Best,
        Ada

        📎 lease.pdf
        📎 plan .png
        ");
    }

    #[test]
    fn a_stub_does_not_stand_for_the_message() {
        let html = "<p>The rent is nine hundred euros a month, due on the first.</p>".to_owned();
        for (plain, expected) in [
            ("Please view this message in HTML.", "nine hundred"),
            ("The rent is nine hundred euros a month,\ndue on the first.", "a month,\ndue"),
        ] {
            let letter = Letter { text: Some(plain.into()), html: Some(html.clone()), ..Letter::default() };
            assert!(text(letter).contains(expected), "{plain}");
        }
    }
}
