//! E-mail: one message (EML) or many (MBOX), as newsletters and mailing lists are kept.

use std::io::{BufRead, BufReader, Read};

use mail_parser::{HeaderValue, Message, MessageParser, MimeHeaders, PartType};
use standpoint_core::Failure;

use super::ninjs::filled;
use super::{LIMIT, Markup, Metadata, Raw, Rows, failure, guarded, too_long, unreadable};

pub(super) fn eml(name: &str, content: &[u8]) -> Rows {
    Box::new(std::iter::once(document(content, name, None)))
}

/// Messages one after the other, each behind a line that begins with `From `.
pub(super) struct Mbox {
    lines: Option<BufReader<Box<dyn Read + Send>>>,
    name: String,
    row: u64,
}

impl Mbox {
    pub(super) fn new(stream: Box<dyn Read + Send>, name: String) -> Self {
        Mbox { lines: Some(BufReader::with_capacity(1 << 16, stream)), name, row: 0 }
    }
}

impl Iterator for Mbox {
    type Item = Result<Raw, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut lines = self.lines.take()?;
        let (mut message, mut length, mut line) = (Vec::new(), 0, Vec::new());
        let mut blank = true;
        loop {
            line.clear();
            // A line is taken in parts no longer than a message may be.
            let read = lines.by_ref().take(LIMIT as u64).read_until(b'\n', &mut line);
            let ended = match read {
                Ok(read) => read == 0,
                Err(error) => {
                    return Some(Err(unreadable(&self.name, Some(self.row + 1), &error)));
                }
            };
            let begins = blank && line.starts_with(b"From ");
            if ended || begins {
                if length > LIMIT || !message.trim_ascii().is_empty() {
                    self.row += 1;
                    self.lines = (!ended).then_some(lines);
                    return Some(if length > LIMIT {
                        Err(failure(&self.name, Some(self.row), too_long("message")))
                    } else {
                        document(&message, &self.name, Some(self.row))
                    });
                }
                if ended {
                    return None;
                }
                continue;
            }
            blank = line.trim_ascii().is_empty();
            length += line.len();
            if length > LIMIT {
                message = Vec::new();
            } else {
                // A line of the text that begins with "From " is written ">From ".
                let quoted = line.iter().take_while(|&&byte| byte == b'>').count();
                let unquoted = usize::from(quoted > 0 && line[quoted..].starts_with(b"From "));
                message.extend_from_slice(&line[unquoted..]);
            }
        }
    }
}

/// The most messages that may be attached to one. The parser takes them apart by recursion.
const ATTACHED: usize = 100;

fn document(content: &[u8], name: &str, row: Option<u64>) -> Result<Raw, Failure> {
    let wrong = |reason| failure(name, row, reason);
    const MESSAGE: &[u8] = b"message/";
    let attached = content.windows(MESSAGE.len());
    if attached.filter(|part| part.eq_ignore_ascii_case(MESSAGE)).count() > ATTACHED {
        return Err(wrong(format!("more than {ATTACHED} messages in this one; save them apart")));
    }
    let parsed =
        guarded("e-mail reader", || MessageParser::default().parse(content).and_then(read));
    let found = parsed.map_err(wrong)?;
    let mut raw = found.ok_or_else(|| {
        wrong("empty: no e-mail with a text; attachments are not read".to_owned())
    })?;
    raw.source.path = name.to_owned();
    raw.source.row = row;
    Ok(raw)
}

fn read(message: Message<'_>) -> Option<Raw> {
    let of_type = |html: bool| {
        let parts = if html { &message.html_body } else { &message.text_body };
        let parts = parts.iter().filter_map(|&id| message.part(id));
        let texts = parts.filter_map(|part| match &part.body {
            PartType::Html(text) if html => Some(text.as_ref()),
            PartType::Text(text) if !html => Some(text.as_ref()),
            _ => None,
        });
        filled(&texts.collect::<Vec<_>>().join("\n\n"))
    };
    let letters = |text: &str| text.chars().filter(|c| c.is_alphabetic()).count();
    // The plain part is the message without its table of pictures; but of some newsletters it says no
    // more than that there is another part.
    let (content, markup) = match (of_type(false), of_type(true)) {
        (Some(plain), Some(html)) => {
            let shown = crate::html::fragment(&html).unwrap_or_default();
            if letters(&plain) * 2 >= letters(&shown) {
                (plain, Markup::Plain)
            } else {
                (html, Markup::Fragment)
            }
        }
        (Some(plain), None) => (plain, Markup::Plain),
        (None, Some(html)) => (html, Markup::Fragment),
        (None, None) => return None,
    };
    let sender = message.from().and_then(|from| from.first());
    let sender = sender.and_then(|sender| filled(sender.name().or_else(|| sender.address())?));
    let list = match message.list_id() {
        HeaderValue::Text(id) => filled(id.split('<').next().unwrap_or_default()),
        HeaderValue::Address(id) => id.first().and_then(|id| filled(id.name()?)),
        _ => None,
    };
    let list = list.map(|list| list.trim_matches('"').trim().to_owned());
    // Whoever sends a newsletter is its outlet; on a mailing list, under another name, its author.
    let author = sender.clone().filter(|sender| list.as_ref().is_some_and(|list| list != sender));
    let mut raw = Raw::of("", None, content.into_bytes(), markup);
    raw.id = message.message_id().and_then(filled);
    raw.metadata = Metadata {
        title: message.subject().and_then(filled),
        authors: author.into_iter().collect(),
        outlet: list.or(sender),
        published: message
            .date()
            .map(|date| format!("{:04}-{:02}-{:02}", date.year, date.month, date.day)),
        ..Metadata::default()
    };
    let attached = message.attachments().filter(|part| part.attachment_name().is_some()).count();
    if attached > 0 {
        raw.notes.push(format!("attachments that were not read: {attached}"));
    }
    Some(raw)
}
