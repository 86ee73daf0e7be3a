//! Answers: grounded, unanswerable, failed, repeated, continued, branched.

use super::house::{Act, house, quick};
use crate::AgentError;
use models::{Finish, Role};
use protocol::*;

const QUESTION: &str = "How much rent does the tenant pay every month?";
const ANSWER: &str = "The tenant pays 900 euros in rent every month.";

fn says(text: &'static str) -> Vec<Act> {
    vec![Act::Say(text), Act::End(Finish::Stop)]
}

#[tokio::test]
async fn an_answer_is_cited_recorded_and_explained() {
    let runs =
        vec![vec![Act::Say("The tenant pays 900 euros"), Act::Say(" in rent every month."), Act::End(Finish::Stop)]];
    let house = house("researcher", false, quick(), runs).await;
    let answer = house.answer(QUESTION).await;

    assert_eq!((answer.text.as_str(), &answer.status), (ANSWER, &ItemStatus::Complete));
    assert_eq!((answer.supported, answer.citations.len()), (Some(Support::Yes), 1));
    assert_eq!((answer.citations[0].name.as_str(), answer.citations[0].page), ("lease.md", 1));
    assert_eq!(answer.citations[0].quote, ANSWER);
    let made = answer.made.unwrap();
    assert_eq!(
        (made.model.as_str(), made.prompt_tokens, made.completion_tokens, made.egress_bytes),
        ("Script", 40, 8, 0)
    );
    let kinds: Vec<_> = answer.steps.iter().map(|step| (&step.kind, step.state, step.count)).collect();
    let done = StepState::Done;
    assert_eq!(kinds, [(&StepKind::Searched, done, Some(1)), (&StepKind::Checked, done, Some(1))]);

    let told = house.store.explanation(answer.id).await.unwrap().unwrap();
    assert_eq!((told.model_hash.as_str(), told.engine.as_str(), told.temperature), ("00ff", "script 1", 0.0));
    assert_eq!(told.passages.len(), 1);
    let roles: Vec<_> = told.prompt.iter().map(|(role, _)| role.as_str()).collect();
    assert_eq!(roles, ["system", "user"]);
    assert!(told.prompt[1].1.contains("[1] lease.md, page 1\nThe tenant pays 900 euros"));

    assert_eq!(house.store.chat(house.chat).await.unwrap().title, QUESTION);
    let events = house.events.lock().unwrap();
    assert!(matches!(events[0], Event::ItemAdded(ItemView { kind: ItemKind::Question, .. })));
    assert!(matches!(events[1], Event::ItemAdded(ItemView { kind: ItemKind::Answer, .. })));
    assert!(matches!(events.last(), Some(Event::TurnEnded { .. })));
    let streamed: String = events
        .iter()
        .filter_map(|e| if let Event::Delta { text, .. } = e { Some(text.as_str()) } else { None })
        .collect();
    assert_eq!(streamed, ANSWER);
}

#[tokio::test]
async fn what_the_documents_do_not_answer_is_said_without_a_model() {
    let house = house("researcher", false, quick(), vec![]).await;
    for (question, sentence) in [
        ("What is the capital of Mongolia?", "Your documents do not answer this question."),
        ("Quelle est la capitale de la Mongolie ?", "Vos documents ne répondent pas à cette question."),
        ("Wie heißt die Hauptstadt der Mongolei?", "Ihre Dokumente beantworten diese Frage nicht."),
    ] {
        let answer = house.answer(question).await;
        assert_eq!((answer.text.as_str(), answer.supported, answer.made), (sentence, Some(Support::No), None));
        assert_eq!(answer.status, ItemStatus::Complete);
    }
    assert!(house.prompts().is_empty(), "no model was asked to invent");
    // Why it was refused is kept: what was found, how good it was, how good it had to be.
    let told = house.store.explanation(house.last().await.id).await.unwrap().unwrap();
    let evidence = told.evidence.unwrap();
    assert!(evidence.score < evidence.threshold && told.model.is_empty(), "{evidence:?}");
    assert_eq!(evidence.query, "Wie heißt die Hauptstadt der Mongolei?");
}

#[tokio::test]
async fn an_invented_answer_is_marked() {
    let house = house("researcher", false, quick(), vec![says("Bert Maier pays 1200 dollars to the bank.")]).await;
    let answer = house.answer(QUESTION).await;
    assert_eq!(answer.unsupported, [Span { start: 0, end: 41 }], "what the model invented");
    // What the documents say themselves is quoted after it, and that it is not the model's is said.
    assert_eq!(
        answer.text,
        format!("Bert Maier pays 1200 dollars to the bank.\n\nClosest in your documents:\n\n> {ANSWER}")
    );
    assert_eq!((answer.supported, answer.citations.len()), (Some(Support::Quoted), 1));
    assert_eq!(
        (answer.citations[0].quote.as_str(), answer.citations[0].at),
        (ANSWER, answer.text.chars().count() as u32)
    );
}

#[tokio::test]
async fn a_follow_up_leans_on_the_question_before_only_where_it_points_there() {
    let runs = vec![says(ANSWER), says(ANSWER), says("Anna Keller owns the house on the hill.")];
    let house = house("researcher", false, quick(), runs).await;
    assert_eq!(house.answer(QUESTION).await.supported, Some(Support::Yes));
    // What was just answered lends its words to nothing else.
    for unanswerable in ["What is the capital of Mongolia?", "Who won the marathon in Boston last year?"] {
        assert_eq!(house.answer(unanswerable).await.made, None, "{unanswerable}");
    }
    house.answer(QUESTION).await;
    let follow_up = house.answer("And who gets it?").await;
    assert!(follow_up.made.is_some(), "{follow_up:?}");
}

#[tokio::test]
async fn a_failed_engine_keeps_the_question_and_the_words() {
    let runs =
        vec![vec![Act::Crash], vec![Act::Say("The tenant"), Act::Crash], says(" pays 900 euros in rent every month.")];
    let house = house("researcher", false, quick(), runs).await;
    let failed = house.answer(QUESTION).await;
    assert!(matches!(failed.status, ItemStatus::Failed { .. }));

    let turn = house.driver.regenerate(&house.actor, failed.id).await.unwrap();
    let broken = house.ended(turn).await;
    assert_eq!((broken.text.as_str(), &broken.status), ("The tenant", &ItemStatus::Interrupted));
    assert_eq!(broken.branches, [failed.id, broken.id]);

    let turn = house.driver.continue_answer(&house.actor, broken.id).await.unwrap();
    let whole = house.ended(turn).await;
    assert_eq!((whole.id, whole.text.as_str(), &whole.status), (broken.id, ANSWER, &ItemStatus::Complete));
    assert_eq!(whole.supported, Some(Support::Yes));
    let last = house.prompts()[2].messages.last().cloned().unwrap();
    assert_eq!((last.role, last.content.as_str()), (Role::Assistant, "The tenant"));

    let again = house.driver.continue_answer(&house.actor, whole.id).await;
    assert!(matches!(again, Err(AgentError::WrongItem { .. })), "what is finished is not continued");
}

#[tokio::test]
async fn another_wording_is_a_branch_and_what_was_said_before_is_told() {
    let runs = vec![says("Hello."), says("Second."), says("Third.")];
    let house = house("assistant", false, quick(), runs).await;
    house.answer("Hi there").await;
    let second = house.answer("Who are you").await;
    let question = second.parent.unwrap();
    let turn = house.driver.edit(&house.actor, question, "What are you".into()).await.unwrap();
    let third = house.ended(turn).await;
    assert_eq!(third.text, "Third.");
    let edited = house.store.item(third.parent.unwrap()).await.unwrap();
    assert_eq!(edited.branches, [question, edited.id]);
    let said: Vec<String> = house.prompts()[2].messages.iter().skip(1).map(|message| message.content.clone()).collect();
    assert_eq!(said, ["Hi there", "Hello.", "What are you"], "the other branch is not told");
    assert_eq!((third.supported, third.unsupported.len()), (None, 0), "a general answer claims nothing of documents");

    let wrong = house.driver.edit(&house.actor, third.id, "x".into()).await;
    assert!(matches!(wrong, Err(AgentError::WrongItem { .. })));
    assert!(matches!(house.driver.regenerate(&house.actor, question).await, Err(AgentError::WrongItem { .. })));
    let empty = house.driver.ask(&house.actor, house.chat, " \n".into(), vec![]).await;
    assert!(matches!(empty, Err(AgentError::Empty)));
}

#[tokio::test]
async fn a_replay_says_what_differs() {
    let runs = vec![says(ANSWER), says(ANSWER), says("The tenant pays 901 euros in rent every month.")];
    let house = house("researcher", false, quick(), runs).await;
    let answer = house.answer(QUESTION).await;
    let report = house.driver.replay(answer.id).await.unwrap();
    assert_eq!((report.same, report.differences.as_slice(), report.text.as_str()), (true, &[][..], ANSWER));
    let prompts = house.prompts();
    assert_eq!(
        (&prompts[0].messages, prompts[0].sampling.max_tokens),
        (&prompts[1].messages, prompts[1].sampling.max_tokens)
    );

    let report = house.driver.replay(answer.id).await.unwrap();
    let (then, now) = (ANSWER.to_owned(), ANSWER.replace("900", "901"));
    assert_eq!((report.same, report.differences.as_slice()), (false, &[Difference::Text { at: 19, then, now }][..]));
    let question = answer.parent.unwrap();
    assert!(matches!(house.driver.replay(question).await, Err(AgentError::WrongItem { .. })));
}
