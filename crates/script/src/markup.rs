//! From the text of a document to its tree, as a browser makes it: html5gum reads the tags,
//! html5ever's tree builder puts them where they belong, and scraper keeps them.
//!
//! After every few start tags the tree is held against the [bounds](crate::bounds).
//!
//! Not here: what a document means.

use std::collections::VecDeque;

use ego_tree::Tree;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{Doctype, Tag, TagKind, Token, TokenSink, TokenSinkResult};
use html5ever::tree_builder::{TreeBuilder, TreeBuilderOpts, TreeSink};
use html5ever::{Attribute, LocalName, QualName, ns};
use html5gum::emitters::callback::{Callback, CallbackEmitter, CallbackEvent};
use html5gum::{Emitter, ForwardingEmitter, Span, State, Tokenizer};
use scraper::{Html, HtmlTreeSink, Node};

use crate::bounds::{Bounds, Refused, SIZE_LIMIT};

/// Nothing here tells lines apart.
const LINE: u64 = 1;

/// After so many start tags the tree is held against the bounds.
const HELD_EVERY: usize = 16;

/// For how many nodes room is made ahead.
const ROOM_LIMIT: usize = 200_000;

/// Whether whoever shows a document runs its scripts; where not, what is there for that case is
/// part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scripting {
    On,
    Off,
}

/// Parses a document as whoever runs its scripts or doesn't has it.
///
/// # Errors
/// [`Refused`] if it is more than any page for people.
pub(crate) fn parse(html: &str, scripting: Scripting) -> Result<Html, Refused> {
    if html.len() > SIZE_LIMIT {
        return Err(Refused::Size);
    }
    let mut document = Html::new_document();
    // Growing would copy the tree, again and again.
    let tags = html.bytes().filter(|byte| *byte == b'<').count();
    document.tree = Tree::with_capacity(Node::Document, tags.clamp(16, ROOM_LIMIT));
    let sink = HtmlTreeSink::new(document);
    let options = TreeBuilderOpts { scripting_enabled: scripting == Scripting::On, ..TreeBuilderOpts::default() };
    let builder = TreeBuilder::new(sink, options);
    let mut tokenizer = Tokenizer::new_with_emitter(html, Feed(CallbackEmitter::new(Tokens::to(&builder))));
    if let Some(Ok(refused)) = tokenizer.next() {
        return Err(refused);
    }
    drop(tokenizer);
    Ok(builder.sink.finish())
}

type Builder = TreeBuilder<<HtmlTreeSink as TreeSink>::Handle, HtmlTreeSink>;

/// What hands the tokens to the tree builder.
struct Tokens<'b> {
    builder: &'b Builder,
    bounds: Bounds,
    names: Names,
    /// The start tag that isn't closed yet.
    open: Option<Tag>,
    /// Whether its last attribute has a name that came before.
    is_repeated: bool,
    /// How many start tags there were since the tree was held against the bounds.
    unheld: usize,
    /// What the tree builder wants the text behind a tag read as.
    next: Option<State>,
}

impl<'b> Tokens<'b> {
    fn to(builder: &'b Builder) -> Self {
        Self {
            builder,
            bounds: Bounds::default(),
            names: Names::default(),
            open: None,
            is_repeated: false,
            unheld: 0,
            next: None,
        }
    }

    fn give(&mut self, token: Token) {
        self.next = match self.builder.process_token(token, LINE) {
            TokenSinkResult::RawData(RawKind::Rcdata) => Some(State::RcData),
            TokenSinkResult::RawData(RawKind::Rawtext) => Some(State::RawText),
            TokenSinkResult::RawData(RawKind::ScriptData | RawKind::ScriptDataEscaped(_)) => Some(State::ScriptData),
            TokenSinkResult::Plaintext => Some(State::PlainText),
            // Behind a script comes text of the usual kind, and the encoding is known.
            TokenSinkResult::Continue | TokenSinkResult::Script(_) | TokenSinkResult::EncodingIndicator(_) => None,
        };
    }

    fn give_text(&mut self, text: &[u8]) {
        for (index, part) in text.split(|byte| *byte == 0).enumerate() {
            if index > 0 {
                self.give(Token::NullCharacterToken);
            }
            if !part.is_empty() {
                self.give(Token::CharacterTokens(tendril(part)));
            }
        }
    }

    fn give_tag(&mut self, tag: Tag) -> Option<Refused> {
        let is_start = tag.kind == TagKind::StartTag;
        self.give(Token::TagToken(tag));
        if is_start { self.hold().err() } else { None }
    }

    /// Holds the tree against the bounds now and then, as far as its latest node.
    fn hold(&mut self) -> Result<(), Refused> {
        self.unheld += 1;
        if self.unheld < HELD_EVERY {
            return Ok(());
        }
        self.unheld = 0;
        let document = self.builder.sink.0.borrow();
        let mut nodes = document.tree.nodes();
        let count = nodes.len();
        let depth = nodes.next_back().map_or(0, |latest| latest.ancestors().count());
        self.bounds.nodes(HELD_EVERY, count, depth)
    }

    /// Of two attributes of one name the first one counts.
    fn give_name(&mut self, name: &[u8]) -> Option<Refused> {
        let (name, tag) = (self.names.get(name), self.open.as_mut()?);
        self.is_repeated = tag.attrs.iter().any(|known| known.name.local == name);
        if !self.is_repeated {
            tag.attrs.push(Attribute { name: QualName::new(None, ns!(), name), value: StrTendril::new() });
        }
        self.bounds.attribute(tag.attrs.len()).err()
    }
}

impl Callback<Refused, ()> for Tokens<'_> {
    fn handle_event(&mut self, event: CallbackEvent<'_>, _: Span<()>) -> Option<Refused> {
        match event {
            CallbackEvent::OpenStartTag { name } => {
                self.open = Some(tag(TagKind::StartTag, self.names.get(name)));
            }
            CallbackEvent::AttributeName { name } => return self.give_name(name),
            CallbackEvent::AttributeValue { value } if !self.is_repeated => {
                self.open.as_mut()?.attrs.last_mut()?.value = tendril(value);
            }
            CallbackEvent::CloseStartTag { self_closing } => {
                let tag = self.open.take()?;
                return self.give_tag(Tag { self_closing, ..tag });
            }
            CallbackEvent::EndTag { name } => {
                let name = self.names.get(name);
                return self.give_tag(tag(TagKind::EndTag, name));
            }
            CallbackEvent::String { value } => self.give_text(value),
            CallbackEvent::Comment { value } => self.give(Token::CommentToken(tendril(value))),
            CallbackEvent::Doctype { name, public_identifier, system_identifier, force_quirks } => {
                self.give(Token::DoctypeToken(Doctype {
                    name: (!name.is_empty()).then(|| tendril(name)),
                    public_id: public_identifier.map(tendril),
                    system_id: system_identifier.map(tendril),
                    force_quirks,
                }));
            }
            CallbackEvent::AttributeValue { .. } | CallbackEvent::Error(_) => {}
        }
        None
    }
}

/// Between the tokenizer and the tree builder, which tell each other how to go on.
struct Feed<'b>(CallbackEmitter<Tokens<'b>, Refused>);

impl ForwardingEmitter for Feed<'_> {
    type Token = Refused;

    fn inner(&mut self) -> &mut impl Emitter<Token = Refused> {
        &mut self.0
    }

    fn should_emit_errors(&mut self) -> bool {
        false
    }

    fn emit_eof(&mut self) {
        self.0.emit_eof();
        let tokens = self.0.callback_mut();
        tokens.give(Token::EOFToken);
        tokens.builder.end();
    }

    fn emit_current_tag(&mut self) -> Option<State> {
        let usual = self.0.emit_current_tag();
        self.0.callback_mut().next.take().or(usual)
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&mut self) -> bool {
        self.0.callback_mut().builder.adjusted_current_node_present_but_not_in_html_namespace()
    }
}

fn tag(kind: TagKind, name: LocalName) -> Tag {
    Tag { kind, name, self_closing: false, attrs: Vec::new(), had_duplicate_attributes: false }
}

fn tendril(bytes: &[u8]) -> StrTendril {
    StrTendril::from_slice(&String::from_utf8_lossy(bytes))
}

/// The names met last, each with its [`head`]. A page says the same few again and again, and
/// interning one is dearer than comparing it.
#[derive(Default)]
struct Names(VecDeque<(u64, LocalName)>);

impl Names {
    const LIMIT: usize = 16;

    fn get(&mut self, name: &[u8]) -> LocalName {
        let head = head(name);
        let is_same = |known: &LocalName| {
            known.len() == name.len() && (name.len() <= size_of_val(&head) || known.as_bytes() == name)
        };
        if let Some((_, known)) = self.0.iter().find(|(other, known)| *other == head && is_same(known)) {
            return known.clone();
        }
        let new = LocalName::from(&*String::from_utf8_lossy(name));
        self.0.truncate(Self::LIMIT - 1);
        self.0.push_front((head, new.clone()));
        new
    }
}

/// The beginning of a name as a number; of a short one all of it, since no name holds a zero.
fn head(name: &[u8]) -> u64 {
    let mut head = [0; size_of::<u64>()];
    head.iter_mut().zip(name).for_each(|(place, byte)| *place = *byte);
    u64::from_le_bytes(head)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{ProptestConfig, prop, proptest};
    use scraper::Html;

    use super::{Scripting, parse};

    fn check(html: &str) {
        let ours = parse(html, Scripting::On).map(|tree| tree.html());
        assert_eq!(ours, Ok(Html::parse_document(html).html()), "{html}");
    }

    #[test]
    fn a_tree_is_the_one_that_html5ever_makes() {
        for html in [
            "",
            "<!doctype html><title>a &amp; b</title><p>c",
            "<!DOCTYPE html PUBLIC \"-//W3C//DTD HTML 4.01//EN\" \"http://www.w3.org/TR/html4/strict.dtd\"><p>x<table>",
            "<table id=t class='a b'>x<tr><td>1<td>2</table>",
            "<p A=1 a=2 b b=3 c=''>x</P hidden>y",
            "<svg viewBox=1><title><![CDATA[<b>x</b>]]></title><g/></svg><![CDATA[y]]>",
            "<script>if (a < b) '</div>' <!-- <script> </script> --></script>z",
            "<textarea>\n<b>x</b></textarea><pre>\n\nx</pre><xmp><b></xmp><noscript><b>x</noscript>",
            "<template><b>x</b></template><select><option>a<option>b</select>",
            "a\0b<p>\0<svg>\0</svg><!-- \0 --><i\0>&#0;&#x80;&nbsp;&notit;",
            "<plaintext><b>x</plaintext>",
            "<progress-bar><progress><progress-ba>x<i data-from=1 data-for=2 data-fro>",
            "<a href='?a=b&copy=1&lt=2'>\r\nx\ry</a><br/><input value='a>b'><",
            "<!-- x --!><!doctype html><!bogus><?php x ?></ x><p ='>a",
        ] {
            check(html);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn whatever_stands_in_it(parts in prop::collection::vec(0..PARTS.len(), 0..24)) {
            check(&parts.into_iter().filter_map(|part| PARTS.get(part).copied()).collect::<String>());
        }
    }

    /// What documents are made of, and what parsers stumble over.
    const PARTS: [&str; 60] = [
        "<table>",
        "</table>",
        "<tr>",
        "</tr>",
        "<td>",
        "</td>",
        "<th colspan=2>",
        "<tbody>",
        "<caption>",
        "<p>",
        "</p>",
        "<div class=a>",
        "</div>",
        "<b>",
        "</b>",
        "<i id='x'>",
        "</i>",
        "<a href=x>",
        "</a>",
        "<ul>",
        "<li>",
        "</ul>",
        "<select>",
        "<option>",
        "</select>",
        "<template>",
        "</template>",
        "<svg>",
        "</svg>",
        "<math>",
        "<mi>",
        "<title>",
        "</title>",
        "<script>",
        "</script>",
        "<style>",
        "</style>",
        "<textarea>",
        "</textarea>",
        "<pre>",
        "<form>",
        "</form>",
        "<input type=hidden>",
        "<br>",
        "</br>",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<!doctype html>",
        "<body>",
        "</body>",
        "</html>",
        "&amp;",
        "&euro",
        "\0",
        "\n",
        "\r\n",
        " x ",
        "é'\"=/>",
    ];
}
