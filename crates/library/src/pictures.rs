//! Pages as pictures, drawn beside the reading: a page that is hard to draw holds nobody else up.

use crate::{
    faults,
    worker::{Parent, Picture, Secret, Spawner, Trouble},
};
use std::{
    collections::{HashMap, VecDeque},
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::{Semaphore, SemaphorePermit};

/// So many children draw at once: while one has a hard page, the others go on.
const AT_ONCE: usize = 2;
/// So many pages that ended their child are remembered and not tried again.
const REMEMBERED: usize = 200;

/// A page: the hash of its document's file, and its number.
type Place = (String, u32);

/// The children that draw. Each is started when it is needed first.
pub(crate) struct Pictures {
    spawner: Spawner,
    free: Mutex<Vec<Parent>>,
    places: Semaphore,
    /// Who asks for a page that is being drawn waits for it and takes no child from others.
    turns: Mutex<HashMap<Place, Arc<tokio::sync::Mutex<()>>>>,
    hopeless: Mutex<VecDeque<Place>>,
}

/// A child on loan; it goes back when this is dropped, in the middle of a page too.
struct Lent<'a> {
    pictures: &'a Pictures,
    parent: Option<Parent>,
    _place: SemaphorePermit<'a>,
}

impl Pictures {
    /// Starts nothing yet.
    pub fn new(spawner: Spawner) -> Self {
        Self {
            spawner,
            free: Mutex::default(),
            places: Semaphore::new(AT_ONCE),
            turns: Mutex::default(),
            hopeless: Mutex::default(),
        }
    }

    /// Draws a page of a file, about `width` pixels wide. A page that took too long, too much memory or
    /// crashed its child is not tried again before the next start.
    pub async fn draw(
        &self,
        hash: &str,
        path: PathBuf,
        page: u32,
        width: u32,
        password: Option<Secret>,
    ) -> Result<Picture, Trouble> {
        let place = (hash.to_owned(), page);
        let turn = self.turn(&place);
        let _turn = turn.lock().await;
        if held(&self.hopeless).contains(&place) {
            return Err(Trouble::Document(faults::no_picture()));
        }
        let mut lent = self.lend().await?;
        let parent = lent.parent.get_or_insert_with(|| Parent::new(self.spawner.clone()));
        let drawn = parent.render(path, page, width, password).await;
        if matches!(drawn, Err(Trouble::Document(_))) && !parent.is_alive() {
            let mut hopeless = held(&self.hopeless);
            hopeless.push_back(place);
            let excess = hopeless.len().saturating_sub(REMEMBERED);
            hopeless.drain(..excess);
        }
        drawn
    }

    /// Ends the children that are not drawing; the others end when they are given back.
    pub async fn end(&self) {
        self.places.close();
        let free = std::mem::take(&mut *held(&self.free));
        for mut parent in free {
            parent.end().await;
        }
    }

    fn turn(&self, place: &Place) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = held(&self.turns);
        turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        turns.entry(place.clone()).or_default().clone()
    }

    async fn lend(&self) -> Result<Lent<'_>, Trouble> {
        let closing = |_| Trouble::Reader(faults::no_worker("Atelier is being closed"));
        let place = self.places.acquire().await.map_err(closing)?;
        Ok(Lent { pictures: self, parent: held(&self.free).pop(), _place: place })
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        if let Some(parent) = self.parent.take().filter(|_| !self.pictures.places.is_closed()) {
            held(&self.pictures.free).push(parent);
        }
    }
}

fn held<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::worker::Limits;
    use std::{ffi::OsString, time::Duration};

    /// A child that never finishes page 1 and draws every other page as three bytes.
    const CHILD: &str = r#"while read -r job; do case "$job" in
        *'"job":"enter"'*) printf '{"entered":{"files":false,"calls":false}}\n' ;;
        *'"page":1,'*) sleep 60 ;;
        *'"job":"render"'*) printf '{"picture":{"bytes":3,"width":2,"height":1}}\nabc' ;;
    esac; done"#;

    fn pictures(picture_time: Duration) -> Pictures {
        let command = ["sh", "-c", CHILD].map(OsString::from).to_vec();
        let limits = Limits { picture_time, ..Limits::default() };
        Pictures::new(Spawner { command, limits, documents: Vec::new(), background: false })
    }

    async fn draw(pictures: &Pictures, page: u32) -> Result<Picture, Trouble> {
        pictures.draw("hash", "/nowhere".into(), page, 2, None).await
    }

    #[tokio::test]
    async fn a_hard_page_holds_nobody_else_up() {
        let pictures = pictures(Duration::from_secs(60));
        tokio::select! {
            hard = async { tokio::join!(draw(&pictures, 1), draw(&pictures, 1)) } => panic!("drawn: {hard:?}"),
            easy = async { [draw(&pictures, 2).await, draw(&pictures, 3).await] } => {
                assert!(easy.iter().all(|drawn| drawn.as_ref().is_ok_and(|picture| picture.png == b"abc")), "{easy:?}");
            }
        }
        // Nobody waits for page 1 any more: its child is at hand again.
        let (second, third) = tokio::join!(draw(&pictures, 2), draw(&pictures, 3));
        assert!(second.is_ok() && third.is_ok());
        pictures.end().await;
    }

    #[tokio::test]
    async fn a_page_that_ended_its_child_is_not_tried_again() {
        let pictures = pictures(Duration::from_millis(500));
        let code = |drawn: Result<Picture, Trouble>| match drawn {
            Err(Trouble::Document(fault) | Trouble::Reader(fault)) => fault.code,
            Ok(_) => "drawn".to_owned(),
        };
        assert_eq!(code(draw(&pictures, 1).await), "document.too_slow");
        assert_eq!(code(draw(&pictures, 1).await), "document.no_picture");
        assert_eq!(code(draw(&pictures, 2).await), "drawn");
        pictures.end().await;
    }
}
