//! E-mail messages (EML): what they say, and what is attached to them.

use super::{
    Page,
    about::{About, of_message},
    letter::Letter,
    parts::Sink,
};
use crate::faults;
use base64::{Engine, engine::general_purpose::STANDARD};
use mail_parser::{Address, DateTime, Encoding, Message, MessageParser, MessagePart, MimeHeaders, PartType};
use protocol::Fault;
use std::{borrow::Cow, fs::File, io::Read, path::Path};

/// The largest message that is read.
const LARGEST: u64 = 160 << 20;
/// Addresses of one line.
const MOST_ADDRESSES: usize = 100;
/// Fields that a message has in its first lines, and hardly anything else does.
const FIELDS: &[&str] = &[
    "from",
    "to",
    "date",
    "subject",
    "received",
    "return-path",
    "message-id",
    "mime-version",
    "delivered-to",
    "x-mozilla-status",
    "content-type",
];

pub fn read(path: &Path, out: &mut dyn FnMut(Page) -> Result<(), Fault>) -> Result<Vec<Fault>, Fault> {
    let bytes = load(path)?;
    let message = parse(counted(&bytes))?;
    letter(&message).flow().pages(&mut |page| {
        let label = page.label.clone().or_else(|| subject(&message));
        out(Page { label, ..page })
    })?;
    Ok(Vec::new())
}

/// Hands out what is attached.
pub fn parts(path: &Path, sink: &mut Sink<'_>) -> Result<(), Fault> {
    let bytes = load(path)?;
    let message = parse(counted(&bytes))?;
    for (name, part) in attached(&message) {
        let bytes = match &part.body {
            PartType::Message(inner) => Cow::Borrowed(inner.raw_message()),
            _ => undecoded(&message, part).map_or_else(|| Cow::Borrowed(part.contents()), Cow::Owned),
        };
        sink.part(&name, bytes.len() as u64, &mut &*bytes)?;
    }
    Ok(())
}

/// The bytes of a part that says that it is in base64 and was not read so: a field before that one ends with a
/// semicolon, and the parser takes the next line for a part of it.
fn undecoded(message: &Message<'_>, part: &MessagePart<'_>) -> Option<Vec<u8>> {
    if !matches!(part.encoding, Encoding::None) {
        return None;
    }
    let raw = message.raw_message();
    let head = raw.get(part.offset_header as usize..part.offset_body as usize)?;
    let says = |line: &[u8]| {
        let line = String::from_utf8_lossy(line).to_ascii_lowercase();
        line.strip_prefix("content-transfer-encoding:").is_some_and(|value| value.trim() == "base64")
    };
    if !head.split(|b| *b == b'\n').any(says) {
        return None;
    }
    let mut body = raw.get(part.offset_body as usize..part.offset_end as usize)?.to_vec();
    body.retain(|b| !b.is_ascii_whitespace());
    STANDARD.decode(body).ok()
}

/// Who sent it, and when.
pub fn about(path: &Path) -> Option<About> {
    let bytes = load(path).ok()?;
    let message = MessageParser::default().parse_headers(counted(&bytes))?;
    let date = message.date().filter(|date| date.is_valid()).map(date).unwrap_or_default();
    Some(of_message(&addresses(message.from()), &date))
}

/// Whether a file begins as a message does.
pub fn looks_like(head: &[u8]) -> bool {
    let mut known = 0;
    for line in head.split(|b| *b == b'\n').take(40) {
        let folded = line.starts_with(b" ") || line.starts_with(b"\t");
        if line.iter().all(u8::is_ascii_whitespace) {
            break;
        }
        if folded {
            continue;
        }
        if !is_field(line) {
            return false;
        }
        let name = line.split(|b| *b == b':').next().unwrap_or_default().to_ascii_lowercase();
        known += usize::from(FIELDS.iter().any(|field| field.as_bytes() == name));
    }
    known >= 3
}

/// Whether a line begins a header field.
pub fn is_field(line: &[u8]) -> bool {
    let name = line.iter().position(|b| *b == b':').unwrap_or(0);
    (1..=76).contains(&name) && line[..name].iter().all(|b| (33..=126).contains(b))
}

/// The day and the subject of a message.
pub fn title(bytes: &[u8]) -> (Option<String>, Option<String>) {
    let Some(message) = MessageParser::default().parse_headers(bytes) else { return (None, None) };
    let day =
        message.date().filter(|date| date.is_valid()).map(|d| format!("{:04}-{:02}-{:02}", d.year, d.month, d.day));
    (day, subject(&message))
}

/// When a message was sent, by its header fields.
pub fn date_of(headers: &[u8]) -> Option<String> {
    let message = MessageParser::default().parse_headers(headers)?;
    message.date().filter(|date| date.is_valid()).map(date)
}

/// Reads a message whole, up to a limit.
pub fn load(path: &Path) -> Result<Vec<u8>, Fault> {
    let unreadable = |error: std::io::Error| faults::unreadable(&error.to_string());
    let mut bytes = Vec::new();
    File::open(path).map_err(unreadable)?.take(LARGEST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST {
        return Err(faults::too_large(LARGEST));
    }
    Ok(bytes)
}

/// The message alone: Apple Mail writes its length before it and a list of properties behind it.
fn counted(bytes: &[u8]) -> &[u8] {
    let Some(end) = bytes.iter().take(16).position(|b| *b == b'\n') else { return bytes };
    let length = std::str::from_utf8(&bytes[..end]).ok().and_then(|line| line.trim().parse::<usize>().ok());
    match length.and_then(|length| bytes.get(end + 1..end + 1 + length)) {
        Some(message) => message,
        None => bytes,
    }
}

fn parse(bytes: &[u8]) -> Result<Message<'_>, Fault> {
    MessageParser::default().parse(bytes).ok_or_else(|| faults::damaged("it is no message"))
}

fn subject(message: &Message<'_>) -> Option<String> {
    message.subject().map(str::trim).filter(|subject| !subject.is_empty()).map(str::to_owned)
}

fn letter(message: &Message<'_>) -> Letter {
    let bodies = |ids: &[u32], html: bool| {
        let parts = ids.iter().filter_map(|id| message.part(*id));
        let texts: Vec<&str> = parts
            .filter_map(|part| match &part.body {
                PartType::Text(text) if !html => Some(text.as_ref()),
                PartType::Html(text) if html => Some(text.as_ref()),
                PartType::Text(_)
                | PartType::Html(_)
                | PartType::Binary(_)
                | PartType::InlineBinary(_)
                | PartType::Message(_)
                | PartType::Multipart(_) => None,
            })
            .collect();
        (!texts.is_empty()).then(|| texts.join("\n\n"))
    };
    Letter {
        subject: subject(message).unwrap_or_default(),
        from: addresses(message.from()),
        to: addresses(message.to()),
        cc: addresses(message.cc()),
        date: message.date().filter(|date| date.is_valid()).map(date).unwrap_or_default(),
        text: bodies(&message.text_body, false),
        html: bodies(&message.html_body, true),
        attached: attached(message).into_iter().map(|(name, _)| name).collect(),
    }
}

/// What is attached, each with its name. Pictures that the message shows within its text are part of it.
fn attached<'x>(message: &'x Message<'x>) -> Vec<(String, &'x MessagePart<'x>)> {
    let shown: Vec<&str> = message
        .html_body
        .iter()
        .filter_map(|id| message.part(*id))
        .filter_map(|part| match &part.body {
            PartType::Html(source) => Some(source.as_ref()),
            _ => None,
        })
        .collect();
    let in_text = |part: &MessagePart<'_>| {
        let picture = part.content_type().is_some_and(|kind| kind.ctype().eq_ignore_ascii_case("image"));
        let id = part.content_id().filter(|id| !id.is_empty());
        picture && id.is_some_and(|id| shown.iter().any(|source| source.contains(&format!("cid:{id}"))))
    };
    let parts = message.attachments().filter(|part| !in_text(part) && !part.contents().is_empty());
    parts.enumerate().map(|(at, part)| (name(part, at + 1), part)).collect()
}

/// The name that an attachment says it has, or one that says what it is.
fn name(part: &MessagePart<'_>, number: usize) -> String {
    let named = part.attachment_name().and_then(|name| name.rsplit(['/', '\\']).next());
    let named = named.map(str::to_owned).filter(|name| !name.trim().is_empty());
    if let PartType::Message(inner) = &part.body {
        let subject = named.or_else(|| subject(inner)).unwrap_or_else(|| format!("message {number}"));
        let subject = subject.replace(['/', '\\'], "-");
        return if subject.to_lowercase().ends_with(".eml") { subject } else { format!("{subject}.eml") };
    }
    named.unwrap_or_else(|| {
        let kind = part.content_type().and_then(|kind| kind.subtype()).unwrap_or("bin").to_ascii_lowercase();
        let ending = match kind.as_str() {
            "plain" => "txt",
            "jpeg" => "jpg",
            "calendar" => "ics",
            "octet-stream" => "bin",
            other => other,
        };
        format!("attachment {number}.{ending}")
    })
}

fn addresses(of: Option<&Address<'_>>) -> String {
    let Some(of) = of else { return String::new() };
    let one = |address: &mail_parser::Addr<'_>| match (address.name(), address.address()) {
        (Some(name), Some(address)) if name != address => format!("{name} <{address}>"),
        (_, Some(address)) => address.to_owned(),
        (Some(name), None) => name.to_owned(),
        (None, None) => String::new(),
    };
    of.iter().map(one).filter(|text| !text.is_empty()).take(MOST_ADDRESSES).collect::<Vec<_>>().join(", ")
}

fn date(d: &DateTime) -> String {
    let sign = if d.tz_before_gmt { '-' } else { '+' };
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02} {sign}{:02}:{:02}",
        d.year, d.month, d.day, d.hour, d.minute, d.tz_hour, d.tz_minute
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::parts::{pages_of, parts_of};

    const MESSAGE: &str = "From: =?utf-8?q?Ada_Lov=C3=A9?= <ada@example.org>\r\nTo: bob@example.org\r\n\
        Date: Sun, 1 Mar 2026 09:30:00 +0100\r\nSubject: =?iso-8859-1?q?Vertrag_f=FCr_M=FCller?=\r\n\
        MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\
        Content-Type: multipart/related; boundary=r\r\n\r\n--r\r\nContent-Type: text/html; charset=utf-8\r\n\r\n\
        <p>Der Vertrag ist im Anhang.</p><img src=\"cid:logo\">\r\n--r\r\nContent-Type: image/png\r\n\
        Content-ID: <logo>\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n--r--\r\n--b\r\n\
        Content-Type: text/plain; name=\"../../note.txt\"\r\nContent-Disposition: attachment; filename=\"../../note.txt\"\r\n\r\n\
        A note.\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: eve@example.org\r\nSubject: Inner\r\n\r\nInside.\r\n--b--\r\n";

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn a_message_and_what_is_attached_to_it() {
        let file = file(MESSAGE);
        let (pages, _) = pages_of(read, file.path()).unwrap();
        insta::assert_snapshot!(pages[0].text);
        assert_eq!(pages[0].label.as_deref(), Some("Vertrag für Müller"));
        let (found, notes) = parts_of(parts, file.path()).unwrap();
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!((names, notes.len()), (vec!["note.txt", "Inner.eml"], 0));
        assert!(String::from_utf8_lossy(&found[1].1).starts_with("From: eve@example.org"));
        assert_eq!(title(MESSAGE.as_bytes()), (Some("2026-03-01".into()), Some("Vertrag für Müller".into())));
    }

    #[test]
    fn a_message_of_apple_mail() {
        let message = "Subject: Short\r\n\r\nText.\r\n";
        let file = file(&format!("{}        \n{message}<?xml version=\"1.0\"?><plist/>", message.len()));
        let (pages, _) = pages_of(read, file.path()).unwrap();
        assert_eq!(pages[0].text, "Short\n\nText.");
    }

    #[test]
    fn an_attachment_whose_field_ends_with_a_semicolon_is_decoded() {
        let message = "Subject: s\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n\
            x\r\n--b\r\nContent-Type: image/png; name=\"a.png\"\r\nContent-Disposition: attachment; filename=\"a.png\";\r\n\
            Content-Transfer-Encoding: base64\r\n\r\niVBORw0K\r\nGgo=\r\n--b--\r\n";
        let file = file(message);
        let (taken, _) = parts_of(parts, file.path()).unwrap();
        assert_eq!(taken[0].1, b"\x89PNG\r\n\x1a\n");
    }

    #[test]
    fn a_message_is_told_by_its_fields() {
        assert!(looks_like(MESSAGE.as_bytes()));
        assert!(!looks_like(b"Note: this is text.\nSubject: none\n\nMore."));
        assert!(!looks_like(b"From: a\nTo: b\nthen something else\nDate: c\n"));
    }

    #[test]
    fn hostile_messages_end() {
        let deep = (0..2_000).fold(String::from("Subject: bottom\r\n\r\nx"), |inner, _| {
            format!("Subject: s\r\nContent-Type: message/rfc822\r\n\r\n{inner}")
        });
        let many: String =
            (0..20_000).map(|n| format!("--b\r\nContent-Type: multipart/mixed; boundary=b{n}\r\n\r\n")).collect();
        let wide = format!("Content-Type: multipart/mixed; boundary=b\r\nSubject: s\r\n\r\n{many}");
        for (name, message) in [
            ("nested", deep),
            ("parts without end", wide),
            ("a header without end", format!("Subject: {}", "x".repeat(5 << 20))),
            ("addresses without end", format!("To: {}\r\n\r\nx", "a@b, ".repeat(200_000))),
            ("no end of base64", "Content-Transfer-Encoding: base64\r\nSubject: s\r\n\r\nAAA".to_owned()),
            ("nothing", "\r\n\r\n".to_owned()),
        ] {
            let file = file(&message);
            // Either is fine; it must come back.
            let read = pages_of(read, file.path());
            let taken = parts_of(parts, file.path());
            assert_eq!(read.is_ok(), taken.is_ok(), "{name}");
        }
    }
}
