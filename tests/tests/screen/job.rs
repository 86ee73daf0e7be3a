//! The main job as a person does it on the screen, the same in the browser and in the window.

use atelier_tests::{sample, webdriver::Driver};

const QUESTION: &str = "Within how many hours must the supplier report an incident to the bank?";

/// From the first-run screen to the list of documents that are ready: imports the samples by path.
pub fn import_samples(screen: &Driver, name: &str) {
    screen.find("[data-testid=first-run]");
    screen.picture(&format!("{name}-1-first-run"));
    screen.type_into("[data-testid=import-path]", &sample::folder().display().to_string());
    screen.click("[data-testid=import-look]");
    screen.click("[data-testid=import-go]");
    screen.click("[data-testid=first-done]");
    go(screen, "documents");
    let all = sample::documents().len();
    screen.until("all documents are ready", || {
        (screen.all("[data-testid=document]").len() >= all && ready_by_meaning(screen) >= all).then_some(())
    });
    screen.picture(&format!("{name}-2-documents"));
}

/// Documents whose every passage the embedding model has seen: only then is the search at its best.
fn ready_by_meaning(screen: &Driver) -> usize {
    let count =
        screen.script("return document.querySelectorAll('[data-testid=document] .status.ok:not([title])').length");
    count.as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or(0)
}

/// Asks in a new chat and waits for the finished answer with a citation.
pub fn ask(screen: &Driver, name: &str) {
    go(screen, "");
    screen.type_into("#message", QUESTION);
    screen.click(".composer .send");
    screen.until("a finished answer with a citation", || {
        (!screen.all(".msg.answer[aria-busy=false] .cite").is_empty()).then_some(())
    });
    screen.picture(&format!("{name}-3-answer"));
}

/// Once the page's picture is decoded and has had time to be painted: the share of it that is dark.
const INK: &str = "const done = arguments[arguments.length - 1];
    const picture = document.querySelector('.viewer .page-picture img');
    picture.decode().then(() => {
      const canvas = document.createElement('canvas');
      [canvas.width, canvas.height] = [picture.naturalWidth, picture.naturalHeight];
      const context = canvas.getContext('2d');
      context.drawImage(picture, 0, 0);
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      let dark = 0;
      for (let at = 0; at < data.length; at += 4) dark += data[at] < 128;
      setTimeout(() => done(dark * 4 / data.length), 400);
    }, (error) => done(String(error)));";

/// Opens the first citation: the page is shown with the passage marked.
pub fn open_citation(screen: &Driver, name: &str) {
    screen.click(".msg.answer .cite");
    screen.find(".panel .viewer .page-picture img");
    let seen = screen.until("a marked passage inside the page", || {
        let boxes = screen.script(
            "const page = document.querySelector('.viewer .page-picture');
             if (!page) return [];
             const p = page.getBoundingClientRect();
             return [...page.querySelectorAll('.page-box')].map((b) => {
               const r = b.getBoundingClientRect();
               const shown = getComputedStyle(b).backgroundColor !== 'rgba(0, 0, 0, 0)';
               return r.width > 4 && r.height > 4 && shown && r.left >= p.left - 1 && r.right <= p.right + 1
                 && r.top >= p.top - 1 && r.bottom <= p.bottom + 1;
             });",
        );
        let boxes = boxes.as_array()?.clone();
        (!boxes.is_empty()).then_some(boxes)
    });
    assert!(seen.iter().all(|inside| inside == true), "a mark is empty, unseen or outside the page: {seen:?}");
    let ink = screen.script_async(INK);
    assert!(ink.as_f64() > Some(0.005), "the picture of the page shows no text: {ink}");
    screen.picture(&format!("{name}-4-citation"));
}

/// The chat is still in the sidebar, its answer and its citations are still there.
pub fn find_again(screen: &Driver, name: &str) {
    screen.click(".chats a");
    screen.until("the question and its answer", || {
        (screen.text(".msg.question").contains("report an incident")
            && !screen.all(".msg.answer[aria-busy=false] .cite").is_empty())
        .then_some(())
    });
    open_citation(screen, name);
}

/// Goes to a screen by its address.
pub fn go(screen: &Driver, route: &str) {
    screen.script(&format!("location.hash = '#/{route}'; return true;"));
}
