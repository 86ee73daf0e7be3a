//! Which handler answers which call: the closed list, matched in one place. What a call wrote is on
//! the disk before it is answered.

use crate::{App, handlers::*};
use protocol::*;
use serde_json::Value;

impl App {
    /// Answers one request of an actor.
    ///
    /// # Errors
    /// The fault that the person should see.
    pub async fn answer(&self, actor: &Actor, request: Request) -> Result<Value, Fault> {
        let before = self.store().written();
        let reply = self.handle(actor, request).await?;
        if self.store().written() != before {
            self.store().settled().await?;
        }
        Ok(reply)
    }

    async fn handle(&self, actor: &Actor, request: Request) -> Result<Value, Fault> {
        macro_rules! answers {
            ($($call:ident => $handler:path),* $(,)?) => {
                match request { $(
                    Request::$call(call) => value::<$call>($handler(self, actor, call).await?),
                )* }
            };
        }
        answers! {
            Open => open::open,
            StartChat => chats::start,
            RenameChat => chats::rename,
            RemoveChat => chats::remove,
            RestoreChat => chats::restore,
            PurgeChat => chats::purge,
            ReadChat => chats::read,
            ChooseBranch => chats::choose_branch,
            ExportChat => chats::export,
            SendMessage => turns::send,
            EditMessage => turns::edit,
            Regenerate => turns::regenerate,
            ContinueAnswer => turns::go_on,
            StopTurn => turns::stop,
            Decide => turns::decide,
            Explain => turns::explain,
            Replay => turns::replay,
            PlanImport => documents::plan,
            ImportPaths => documents::import,
            ImportBytes => documents::import_bytes,
            ListDocuments => documents::list,
            RemoveDocument => documents::remove,
            RestoreDocument => documents::restore,
            PurgeDocument => documents::purge,
            ListRemoved => documents::removed,
            WatchFolder => folders::watch,
            ListFolders => folders::list,
            PauseFolder => folders::pause,
            LookAgain => folders::look_again,
            UnwatchFolder => folders::unwatch,
            RestoreGone => folders::restore_gone,
            RevealDocument => reveal::reveal,
            LabelDocuments => documents::label,
            RetryDocument => documents::retry,
            ReadEarlierAgain => documents::read_earlier_again,
            UnlockDocument => documents::unlock,
            PauseImport => documents::pause,
            Search => documents::search,
            MoreLikeThis => documents::more_like,
            ReadPage => documents::read_page,
            ListPages => documents::list_pages,
            FindInDocument => documents::find,
            ListNeighbours => neighbours::list,
            AddNeighbour => neighbours::add,
            RemoveNeighbour => neighbours::remove,
            SearchNeighbours => neighbours::search,
            CheckIndex => documents::check_index,
            RebuildIndex => documents::rebuild_index,
            ListModels => models::list,
            AddModel => models::add,
            ListOffers => models::offers,
            GetModel => models::get,
            GetModelFrom => models::get_from,
            PauseDownload => models::pause,
            DropDownload => models::give_up,
            RemoveModel => models::remove,
            RestoreModel => models::restore,
            MeasureModel => models::measure,
            PackModels => models::pack,
            VerifyModel => models::verify,
            ChooseModel => models::choose,
            AddEndpoint => models::add_endpoint,
            RemoveEndpoint => models::remove_endpoint,
            ReadLedger => trust::ledger,
            Seal => trust::seal,
            ListRules => trust::rules,
            AddRule => trust::add_rule,
            RemoveRule => trust::remove_rule,
            VerifyLog => trust::verify_log,
            CheckDocuments => trust::check_documents,
            ReadLog => trust::read_log,
            ChangeSettings => settings::change,
        }
    }

    /// Answers one typed call of an actor.
    ///
    /// # Errors
    /// The fault that the person should see.
    pub async fn call<C: Call>(&self, actor: &Actor, call: C) -> Result<C::Reply, Fault> {
        let reply = self.answer(actor, call.into()).await?;
        serde_json::from_value(reply).map_err(|error| wire::<C>(&error))
    }
}

fn value<C: Call>(reply: C::Reply) -> Result<Value, Fault> {
    serde_json::to_value(reply).map_err(|error| wire::<C>(&error))
}

fn wire<C: Call>(error: &serde_json::Error) -> Fault {
    Fault::new(FaultKind::Internal, "app.wire", format!("The reply to {} cannot be written: {error}.", C::NAME))
}
