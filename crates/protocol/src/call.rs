//! What may be asked: the closed list of calls, one struct each, and the enum over all of them.

use crate::*;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// How many items of a chat are read when it is opened or a branch is chosen.
pub const CHAT_PAGE: u32 = 40;

/// A call and the type of its reply.
pub trait Call: Serialize + DeserializeOwned + Into<Request> {
    /// What comes back.
    type Reply: Serialize + DeserializeOwned + 'static;
    /// The name on the wire.
    const NAME: &'static str;
}

/// The largest file that [`ImportBytes`] takes: in base64 it has to fit into one request.
pub const LARGEST_UPLOAD: u64 = 47 << 20;

macro_rules! calls {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $ty:ty),* $(,)? } -> $reply:ty;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
            pub struct $name { $(
                #[allow(missing_docs)] // the field's type and the call's doc say it
                pub $field: $ty
            ),* }
            impl Call for $name {
                type Reply = $reply;
                const NAME: &'static str = stringify!($name);
            }
            impl From<$name> for Request {
                fn from(call: $name) -> Self {
                    Self::$name(call)
                }
            }
        )*
        /// Every call there is, as it crosses a wire: `{"call": "SendMessage", "chat": …}`.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "call")]
        pub enum Request { $(
            $(#[$doc])*
            $name($name)
        ),* }
        impl Request {
            /// The call's name on the wire.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$name(_) => $name::NAME),* }
            }
            /// The names of all calls, in the order of the list.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name)),*];
        }
    };
}

calls! {
    /// Everything a client needs to draw its first screen, and the sequence number it belongs to.
    Open {} -> Snapshot;

    // chats
    /// Starts an empty chat with an agent.
    StartChat { agent: AgentId } -> ChatView;
    /// Gives a chat a title.
    RenameChat { chat: ChatId, title: String } -> ();
    /// Removes a chat; `RestoreChat` undoes it.
    RemoveChat { chat: ChatId } -> ();
    /// Brings a removed chat back.
    RestoreChat { chat: ChatId } -> ChatView;
    /// Erases a removed chat for good: bodies and derived data go, the log's chain stays valid.
    PurgeChat { chat: ChatId } -> ();
    /// The newest `limit` items of the chosen branch that come before `before` (or the end).
    ReadChat { chat: ChatId, before: Option<ItemId>, limit: u32 } -> ChatPage;
    /// Adds a question and starts the turn that answers it; queued while another turn runs.
    SendMessage { chat: ChatId, text: String, attached: Vec<DocumentId> } -> TurnId;
    /// Asks again with other words: a new branch beside `item`.
    EditMessage { item: ItemId, text: String } -> TurnId;
    /// Answers the same question again: a new branch beside the answer `item`.
    Regenerate { item: ItemId } -> TurnId;
    /// Goes on writing an answer that was stopped or interrupted.
    ContinueAnswer { item: ItemId } -> TurnId;
    /// Shows the branch that `item` is on.
    ChooseBranch { item: ItemId } -> ChatPage;
    /// Stops a turn: first after the current token with what is written kept, `now` at once.
    StopTurn { turn: TurnId, now: bool } -> ();
    /// Answers an approval.
    Decide { asked: CallId, decision: Decision } -> ();
    /// How an answer came about: model, sampling, prompt, passages.
    Explain { item: ItemId } -> Explanation;
    /// Repeats a greedy answer and says what differs.
    Replay { item: ItemId } -> ReplayReport;
    /// A chat as Markdown, with its sources.
    ExportChat { chat: ChatId } -> String;

    // documents
    /// What an import of these paths would do, before it is done.
    PlanImport { paths: Vec<String> } -> ImportPlan;
    /// Imports files and folders in the background.
    ImportPaths { paths: Vec<String> } -> ImportPlan;
    /// Imports one file from its bytes (base64), for clients that have no path.
    ImportBytes { name: String, base64: String } -> DocumentView;
    /// All documents, newest first.
    ListDocuments {} -> Vec<DocumentView>;
    /// Removes a document from every derived place; `RestoreDocument` undoes it.
    RemoveDocument { document: DocumentId } -> ();
    /// Brings a removed document back and reads it again.
    RestoreDocument { document: DocumentId } -> ();
    /// Erases a removed document for good: its blob too when no other document has it, and its quotes
    /// in answers. With `answers`, also the text of the answers that it was shown for.
    PurgeDocument { document: DocumentId, answers: bool } -> ();
    /// Shows the file that a document came from in the machine's file manager; in the window only.
    RevealDocument { document: DocumentId } -> ();
    /// Gives documents a label, or takes it from them.
    LabelDocuments { documents: Vec<DocumentId>, label: String, on: bool } -> ();
    /// Reads a document again.
    RetryDocument { document: DocumentId } -> ();
    /// Reads again every document that an earlier version of its reader read; says how many.
    ReadEarlierAgain {} -> u32;
    /// Reads a protected document with its password, which is kept nowhere but in memory.
    UnlockDocument { document: DocumentId, password: String } -> ();
    /// Pauses or resumes reading documents.
    PauseImport { paused: bool } -> ();
    /// Finds passages in this workspace, or `within` another one that is searched from here.
    Search { query: String, mode: SearchMode, limit: u32, within: Option<WorkspaceId> } -> SearchReply;
    /// Finds passages of other documents that are like the one of this page that `start` lies in.
    MoreLikeThis { document: DocumentId, page: u32, start: u32, limit: u32 } -> SearchReply;
    /// One page with its picture or text, and the boxes of a passage on it.
    ReadPage { document: DocumentId, page: u32, passage: Option<Span>, width: u32 } -> PageView;
    /// The pages of a document that was read, in order, without their texts.
    ListPages { document: DocumentId } -> Vec<PageEntry>;
    /// Where words stand in a document: whatever their case, their accents and the blanks between them.
    FindInDocument { document: DocumentId, words: String, limit: u32 } -> Found;

    /// What was removed and can be brought back, or erased for good.
    ListRemoved {} -> Removed;

    // watched folders
    /// Keeps the library in step with a folder of this machine, from now on. Only a person may ask for it.
    WatchFolder { path: String } -> FolderView;
    /// The watched folders, the first first.
    ListFolders {} -> Vec<FolderView>;
    /// Pauses or resumes watching a folder; what changed meanwhile is found when it goes on.
    PauseFolder { folder: FolderId, paused: bool } -> ();
    /// Looks through a folder now, or through all of them.
    LookAgain { folder: Option<FolderId> } -> ();
    /// Stops watching a folder. Its documents stay; with `documents`, they are removed.
    UnwatchFolder { folder: FolderId, documents: bool } -> ();
    /// Brings back every document whose file is gone from a folder, or from all of them; how many came.
    RestoreGone { folder: Option<FolderId> } -> u32;

    // other workspaces
    /// The other workspaces on this machine that are searched from here, the first first. Only a person may ask.
    ListNeighbours {} -> Vec<NeighbourView>;
    /// Searches the workspace in a data folder from here, from now on. Nothing in it is changed, no agent sees it.
    AddNeighbour { folder: String } -> NeighbourView;
    /// No longer searches a workspace from here.
    RemoveNeighbour { workspace: WorkspaceId } -> ();
    /// Finds passages in each of the other workspaces.
    SearchNeighbours { query: String, mode: SearchMode, limit: u32 } -> Vec<NeighbourFound>;

    // index
    /// Compares the index and the vectors with the stored passages; with `mend`, makes them equal again.
    CheckIndex { mend: bool } -> IndexReport;
    /// Builds the index and the fast copy of the vectors anew from what is stored.
    RebuildIndex {} -> IndexReport;

    // models
    /// The models on disk, what they need and what is free.
    ListModels {} -> ModelsView;
    /// Adds a model file, a model folder or a pack of models from this disk after checking it; the last
    /// model of a pack is given back. A pack that another device has signed is taken only where `signer`
    /// is the fingerprint of its key.
    AddModel { path: String, signer: Option<String> } -> ModelView;
    /// The models that can be fetched, whether they fit, and from where.
    ListOffers {} -> OffersView;
    /// Fetches a model of the catalogue in the background, or goes on with one that was stopped.
    GetModel { model: String } -> DownloadView;
    /// Fetches a GGUF file from an address in the background; `sha256` is what it should be, where known.
    GetModelFrom { url: String, sha256: Option<String> } -> DownloadView;
    /// Stops fetching a model; what is here is kept.
    PauseDownload { model: String } -> ();
    /// Gives up fetching a model and deletes what is here of it.
    DropDownload { model: String } -> ();
    /// Takes a model out of use; its files are deleted after ten minutes, or when Atelier is closed.
    RemoveModel { model: String } -> ();
    /// Brings a removed model back while its files are there.
    RestoreModel { model: String } -> ();
    /// Lets a model write some tokens and keeps how fast it was.
    MeasureModel { model: String } -> ModelView;
    /// Writes models into a signed folder under `folder`, to be added on another machine.
    PackModels { models: Vec<String>, folder: String } -> PackView;
    /// Checks a model's header, sizes and SHA-256 again.
    VerifyModel { model: String } -> ModelView;
    /// Uses this model for answers from now on.
    ChooseModel { model: String } -> ();
    /// Configures an OpenAI-compatible server for this workspace; nothing is sent until allowed.
    AddEndpoint { name: String, url: String, model: String, key: Option<String> } -> EndpointView;
    /// Forgets an endpoint and its key.
    RemoveEndpoint { name: String } -> ();

    // trust
    /// The newest `limit` lines of the outbound ledger before `before`.
    ReadLedger { before: Option<EntryId>, limit: u32 } -> Vec<LedgerEntry>;
    /// Seals or unseals the workspace: sealed refuses every outbound connection.
    Seal { sealed: bool } -> ();
    /// The policy rules in force.
    ListRules {} -> Vec<RuleView>;
    /// Adds a rule.
    AddRule { subject: RuleSubject, verdict: Verdict } -> RuleView;
    /// Takes a rule back.
    RemoveRule { rule: RuleId } -> ();
    /// Checks the whole log.
    VerifyLog {} -> LogReport;
    /// Reads every document again from its file and compares pages and quotes with it.
    CheckDocuments {} -> DocumentsReport;
    /// The newest `limit` records of the log.
    ReadLog { before: Option<u64>, limit: u32 } -> Vec<LogLine>;

    // settings
    /// Changes the settings.
    ChangeSettings { settings: Settings } -> ();
}
