//! An answer's Markdown on the screen: from blocks to views, never through HTML text.

use super::{
    citation::Cite,
    icon::{Glyph, Icon},
};
use crate::{
    client::use_screen,
    dom,
    markdown::{self, Block, Inline, Marks},
};
use leptos::prelude::*;
use protocol::{CitationView, ItemId, Span};
use wasm_bindgen_futures::spawn_local;

/// What an answer shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Written {
    /// Markdown.
    pub text: String,
    /// Evidence.
    pub citations: Vec<CitationView>,
    /// What no passage supports.
    pub unsupported: Vec<Span>,
    /// Whether more is being written.
    pub writing: bool,
}

/// An answer's text. Finished blocks stay; while it is written only the last is drawn again.
#[component]
pub fn Prose(
    /// The answer.
    item: ItemId,
    /// What it says now.
    #[prop(into)]
    written: Signal<Written>,
) -> impl IntoView {
    let blocks = Memo::new(move |_| {
        written.with(|written| {
            let marks = Marks { citations: &written.citations, unsupported: &written.unsupported };
            markdown::keyed(markdown::read(&written.text, marks))
        })
    });
    let drawer = Drawer { item };
    view! {
        <div class="read" class:writing=move || written.with(|written| written.writing)>
            <For each=move || blocks.get() key=|(at, hash, _)| (*at, *hash) let:block>
                {drawer.block(block.2)}
            </For>
        </div>
    }
}

/// Draws blocks of one answer.
#[derive(Clone, Copy)]
struct Drawer {
    item: ItemId,
}

impl Drawer {
    fn block(self, block: Block) -> AnyView {
        match block {
            Block::Paragraph(inlines) => view! { <p>{self.line(inlines)}</p> }.into_any(),
            // The page's own headings end at the second level.
            Block::Heading(1 | 2, inlines) => view! { <h3 class="head-1">{self.line(inlines)}</h3> }.into_any(),
            Block::Heading(_, inlines) => view! { <h4>{self.line(inlines)}</h4> }.into_any(),
            Block::Code { name, text } => view! { <Code name text/> }.into_any(),
            Block::List(None, items) => view! { <ul>{self.items(items)}</ul> }.into_any(),
            Block::List(Some(first), items) => {
                view! { <ol start=first.to_string()>{self.items(items)}</ol> }.into_any()
            }
            Block::Quote(blocks) => view! { <blockquote class="bq">{self.blocks(blocks)}</blockquote> }.into_any(),
            Block::Table(head, rows) => self.table(head, rows),
            Block::Rule => view! { <hr/> }.into_any(),
        }
    }

    fn blocks(self, blocks: Vec<Block>) -> AnyView {
        blocks.into_iter().map(|block| self.block(block)).collect_view().into_any()
    }

    /// List items; those of one paragraph stand without its frame.
    fn items(self, items: Vec<Vec<Block>>) -> AnyView {
        items
            .into_iter()
            .map(|mut blocks| {
                let tight = matches!(blocks.first(), Some(Block::Paragraph(_)));
                let first = tight.then(|| match blocks.remove(0) {
                    Block::Paragraph(inlines) => self.line(inlines),
                    other => self.block(other),
                });
                view! { <li>{first} {self.blocks(blocks)}</li> }
            })
            .collect_view()
            .into_any()
    }

    fn table(self, head: Vec<Vec<Inline>>, rows: Vec<Vec<Vec<Inline>>>) -> AnyView {
        view! {
            <div class="md-table-frame" tabindex="0" role="region" aria-label=t!("prose.table")>
                <table class="md-table">
                    <thead>
                        <tr>
                            {head
                                .into_iter()
                                .map(|cell| view! { <th scope="col">{self.line(cell)}</th> })
                                .collect_view()}
                        </tr>
                    </thead>
                    <tbody>
                        {rows
                            .into_iter()
                            .map(|row| {
                                view! {
                                    <tr>
                                        {row
                                            .into_iter()
                                            .map(|cell| view! { <td>{self.line(cell)}</td> })
                                            .collect_view()}
                                    </tr>
                                }
                            })
                            .collect_view()}
                    </tbody>
                </table>
            </div>
        }
        .into_any()
    }

    fn line(self, inlines: Vec<Inline>) -> AnyView {
        inlines.into_iter().map(|inline| self.inline(inline)).collect_view().into_any()
    }

    fn inline(self, inline: Inline) -> AnyView {
        match inline {
            Inline::Text(text) => text.into_any(),
            Inline::Unsupported(text) => view! {
                <span class="unsupported" title=t!("prose.unsupported")>
                    {text}
                    <span class="vh">{t!("prose.unsupported_aside")}</span>
                </span>
            }
            .into_any(),
            Inline::Code(code) => view! { <code class="mono">{code}</code> }.into_any(),
            Inline::Strong(inner) => view! { <strong>{self.line(inner)}</strong> }.into_any(),
            Inline::Emphasis(inner) => view! { <em>{self.line(inner)}</em> }.into_any(),
            Inline::Strike(inner) => view! { <s>{self.line(inner)}</s> }.into_any(),
            Inline::Link(href, inner) => {
                let screen = use_screen();
                let address = href.clone();
                view! {
                    <a
                        class="link"
                        href=href.clone()
                        title=href
                        on:click=move |event| {
                            event.prevent_default();
                            screen.link.set(Some(address.clone()));
                        }
                        on:auxclick=|event| event.prevent_default()
                    >
                        {self.line(inner)}
                    </a>
                }
                .into_any()
            }
            Inline::Break => view! { <br/> }.into_any(),
            Inline::Task(done) => view! {
                <span class="task" role="img" aria-label=if done { t!("prose.done") } else { t!("prose.open") }>
                    <Glyph icon=if done { Icon::Check } else { Icon::Square } size=13/>
                </span>
            }
            .into_any(),
            Inline::Cite(number) => view! { <Cite item=self.item number/> }.into_any(),
        }
    }
}

/// A block of code with a button that copies it.
#[component]
fn Code(name: String, text: String) -> impl IntoView {
    let copied = RwSignal::new(false);
    let code = StoredValue::new(text.clone());
    let copy = move |_| {
        spawn_local(async move {
            if dom::copy(&code.get_value()).await {
                copied.set(true);
                dom::sleep(1_500).await;
                copied.try_set(false);
            }
        });
    };
    let label = move || if copied.get() { t!("act.copied") } else { t!("prose.copy_code") };
    view! {
        <div class="code">
            <div class="code-head">
                <span class="cut">{name}</span>
                <span class="grow"></span>
                <button class="btn icon ghost sm" aria-label=label title=label on:click=copy>
                    {move || view! { <Glyph icon=if copied.get() { Icon::Check } else { Icon::Copy } size=13/> }}
                </button>
            </div>
            <pre tabindex="0">{text}</pre>
        </div>
    }
}
