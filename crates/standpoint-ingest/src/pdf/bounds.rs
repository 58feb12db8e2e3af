//! What a PDF comes to when it is unpacked and drawn.
//!
//! The reader unpacks streams without a bound, and draws a form wherever another one says so, itself included:
//! a kilobyte can be made to take all memory, the whole stack or a lifetime. So what a file will come to is
//! reckoned before it is drawn, in bytes of content, each as often as it will be read.

use std::collections::HashMap;
use std::io::Read;

use flate2::bufread::ZlibDecoder;
use pdf_extract::content::Content;
use pdf_extract::{Dictionary, Document, Object, ObjectId, Stream};

/// What a file may come to: this many times its size, and [`EXPANDS_BY`] beside, as of all packed files.
const EXPANDS_TO: usize = 200;
const EXPANDS_BY: usize = 64 << 20;

/// How deep forms may lie in each other; each takes a part of the stack.
const DEEPEST: usize = 12;

/// What LZW makes of a byte at most.
const LZW: usize = 1366;

const BOMB: &str =
    "it expands to more than 200 times its size; print it to a new PDF and read that";

/// Checks what is unpacked as a file is opened: lists of objects, packed by zlib. Any stream is tried, for
/// which of them are such lists is not known yet.
///
/// # Errors
/// A reason, where it is too much.
pub(super) fn before_opening(file: &[u8]) -> Result<(), String> {
    const STREAM: &[u8] = b"stream";
    let mut left = allowance(file);
    let mut at = 0;
    while let Some(found) = find(&file[at..], STREAM) {
        at += found + STREAM.len();
        let content = file[at..].trim_ascii_start();
        left = inflated(content, left, DEEPEST).ok_or(BOMB)?;
    }
    Ok(())
}

/// Checks what drawing the pages of an opened file comes to.
///
/// # Errors
/// A reason, where it is too much.
pub(super) fn before_drawing(document: &Document, file: &[u8]) -> Result<(), String> {
    let mut work = Work { document, most: allowance(file), forms: HashMap::new() };
    let mut total = 0_usize;
    for object in document.objects.values() {
        if let Ok(stream) = object.as_stream()
            && !is_image(stream)
        {
            total = total.saturating_add(work.size(stream)?);
        }
    }
    for page in document.page_iter() {
        total = total.saturating_add(work.page(page)?);
        if total > work.most {
            return Err(BOMB.to_owned());
        }
    }
    if total > work.most { Err(BOMB.to_owned()) } else { Ok(()) }
}

fn allowance(file: &[u8]) -> usize {
    file.len().saturating_mul(EXPANDS_TO).saturating_add(EXPANDS_BY)
}

fn is_image(stream: &Stream) -> bool {
    stream.dict.get(b"Subtype").and_then(Object::as_name).is_ok_and(|kind| kind == b"Image")
}

struct Work<'a> {
    document: &'a Document,
    most: usize,
    /// What each form comes to; `None` while it is being reckoned.
    forms: HashMap<ObjectId, Option<usize>>,
}

impl<'a> Work<'a> {
    /// The length of a stream's content.
    fn size(&self, stream: &Stream) -> Result<usize, String> {
        let mut size = stream.content.len();
        for filter in stream.filters().unwrap_or_default() {
            size = match filter {
                b"FlateDecode" | b"Fl" => {
                    self.most - inflated(&stream.content, self.most, DEEPEST).ok_or(BOMB)?
                }
                b"LZWDecode" | b"LZW" => size.saturating_mul(LZW),
                _ => size,
            };
        }
        // A row of a predictor is reserved whole.
        let parameters = stream.dict.get(b"DecodeParms").and_then(Object::as_dict).ok();
        let number = |name: &[u8]| {
            let stated = parameters
                .and_then(|parameters| parameters.get(name).and_then(Object::as_i64).ok());
            stated.map_or(1, |number| usize::try_from(number.max(1)).unwrap_or(usize::MAX))
        };
        let row = number(b"Columns")
            .saturating_mul(number(b"Colors"))
            .saturating_mul(number(b"BitsPerComponent"));
        if size.max(row / 8) > self.most { Err(BOMB.to_owned()) } else { Ok(size) }
    }

    fn page(&mut self, page: ObjectId) -> Result<usize, String> {
        let mut total = 0_usize;
        let mut content = Vec::new();
        for id in self.document.get_page_contents(page) {
            let stream = self.document.get_object(id).and_then(Object::as_stream);
            let Ok(stream) = stream else { continue };
            total = total.saturating_add(self.size(stream)?);
            if total > self.most {
                return Err(BOMB.to_owned());
            }
            content.extend(plain(stream));
            content.push(b'\n');
        }
        let (own, inherited) = self.document.get_page_resources(page).unwrap_or_default();
        let mut resources: Vec<&Dictionary> = own.into_iter().collect();
        resources.extend(inherited.iter().filter_map(|id| self.document.get_dictionary(*id).ok()));
        Ok(total.saturating_add(self.drawn(&content, &resources, 0)?))
    }

    /// What the forms come to that a content draws.
    fn drawn(
        &mut self,
        content: &[u8],
        resources: &[&'a Dictionary],
        depth: usize,
    ) -> Result<usize, String> {
        if find(content, b"Do").is_none() {
            return Ok(0);
        }
        let operations =
            Content::decode(content).map(|content| content.operations).unwrap_or_default();
        let mut total = 0_usize;
        for operation in operations.iter().filter(|operation| operation.operator == "Do") {
            let name = operation.operands.first().and_then(|operand| operand.as_name().ok());
            let form = name.and_then(|name| resources.iter().find_map(|own| self.named(own, name)));
            if let Some(id) = form {
                total = total.saturating_add(self.form(id, resources, depth + 1)?);
            }
        }
        Ok(total)
    }

    /// The object that resources name so.
    fn named(&self, resources: &Dictionary, name: &[u8]) -> Option<ObjectId> {
        let (_, objects) = self.document.dereference(resources.get(b"XObject").ok()?).ok()?;
        objects.as_dict().ok()?.get(name).and_then(Object::as_reference).ok()
    }

    fn form(
        &mut self,
        id: ObjectId,
        around: &[&'a Dictionary],
        depth: usize,
    ) -> Result<usize, String> {
        match self.forms.get(&id) {
            Some(Some(known)) => return Ok(*known),
            Some(None) => return Err("a form of it is drawn within itself".to_owned()),
            None if depth > DEEPEST => {
                return Err(format!("its forms lie more than {DEEPEST} deep in each other"));
            }
            None => {}
        }
        let Ok(stream) = self.document.get_object(id).and_then(Object::as_stream) else {
            return Ok(0);
        };
        if is_image(stream) {
            return Ok(0);
        }
        self.forms.insert(id, None);
        let own = stream.dict.get(b"Resources").and_then(|own| self.document.dereference(own));
        let own = own.and_then(|(_, own)| own.as_dict()).ok();
        let resources = own.map_or(around.to_vec(), |own| vec![own]);
        let size = self.size(stream)?;
        let total = size.saturating_add(self.drawn(&plain(stream), &resources, depth)?);
        self.forms.insert(id, Some(total));
        Ok(total)
    }
}

/// A stream's content, whose size is known to be bounded.
fn plain(stream: &Stream) -> Vec<u8> {
    stream.decompressed_content().unwrap_or_else(|_| stream.content.clone())
}

/// What is left of `most` bytes when this is inflated, and inflated again as long as that gives something
/// that looks packed; `None` where nothing is.
fn inflated(packed: &[u8], most: usize, depth: usize) -> Option<usize> {
    // Eight is the method of deflate, the only one that zlib has.
    if packed.first().is_none_or(|byte| byte & 0x0f != 8) {
        return Some(most);
    }
    let mut plain = Vec::new();
    // What cannot be inflated to its end is read as far as it can.
    let _ = ZlibDecoder::new(packed).take(most as u64 + 1).read_to_end(&mut plain);
    let left = most.checked_sub(plain.len())?;
    if plain.is_empty() || depth == 0 { Some(left) } else { inflated(&plain, left, depth - 1) }
}

fn find(content: &[u8], word: &[u8]) -> Option<usize> {
    content.windows(word.len()).position(|window| window == word)
}
