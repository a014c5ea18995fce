//! What a person answers to a bank, by what it asks: squares of a card, letters of a word, an agreed answer, a code; and to
//! the recorder.
//!
//! Not here: where it is typed.

use std::path::{Path, PathBuf};

use fixtures::portal::RunningPortal;
use serde_json::{Value, json};

use super::hand::Failure;
use crate::patience::eventually;

/// The code in the newest text message, once there are so many.
pub(super) async fn code(portal: &RunningPortal, count: usize) -> Result<String, Failure> {
    let code = eventually(async || portal.phone().messages.get(count - 1).map(|message| message.code.clone()));
    Ok(code.await.ok_or("no code came")?)
}

/// What the person's app shows.
pub(super) async fn app(portal: &RunningPortal) -> Result<String, Failure> {
    let client = crate::client::client().build()?;
    let shown: Value = client.get(format!("{}_authenticator", portal.url())).send().await?.json().await?;
    Ok(shown["code"].as_str().ok_or("the app shows no code")?.to_owned())
}

/// Gives the approval that the person's app is asked for.
pub(super) async fn approve(portal: &RunningPortal) -> Result<(), Failure> {
    let client = crate::client::client().build()?;
    client.post(format!("{}_approve", portal.url())).send().await?.error_for_status()?;
    Ok(())
}

/// Makes the portal's user one who was there before, where the portal has first sign-ins; the password.
pub(super) async fn settled(portal: &RunningPortal) -> Result<String, Failure> {
    if portal.name() != "threshold" {
        return Ok(portal.password().to_owned());
    }
    let client = crate::client::client().build()?;
    let settled: Value =
        client.post(format!("{}_enrol", portal.url())).send().await?.error_for_status()?.json().await?;
    Ok(settled["password"].as_str().ok_or("no password was set")?.to_owned())
}

/// A file with what a person answers of what the recorder asks, where they know better than what it proposes.
///
/// # Errors
/// When it can't be written.
pub fn known(portal: &RunningPortal, folder: &Path) -> std::io::Result<PathBuf> {
    let known = match portal.name() {
        // What its bank calls an account in another currency.
        "kontor" => json!({ "type Währungskonto": "checking" }),
        // Which of its accounts are cards and loans, and that they show what is owed.
        "coppermine" => {
            json!({ "type Current balance": "creditCard", "type Principal balance": "loan", "owed": "yes" })
        }
        // What its bank calls accounts, and that it shows a year.
        "granary" => json!({ "type DDA": "checking", "type MMA": "moneyMarket", "days back": "360" }),
        // What its bank calls accounts.
        "lantern" => json!({ "type Instant saver": "savings", "type Client account": "checking" }),
        _ => json!({}),
    };
    let path = folder.join("answers.json");
    std::fs::write(&path, known.to_string())?;
    Ok(path)
}

/// What a person answers to these words of a bank, its parts with blanks between.
///
/// # Errors
/// When nobody knows.
pub async fn answer(portal: &RunningPortal, asked: &str) -> Result<String, Failure> {
    let credential = |name: &str| portal.credential(name);
    match portal.name() {
        "hoshizora" => Ok(squares(credential("card"), asked)),
        "lantern" => Ok(letters(credential("memorableWord"), asked)),
        "meridian" => {
            let agreed = credential("securityAnswers").split('|').filter_map(|pair| pair.split_once('='));
            let found = agreed.into_iter().find(|(question, _)| asked.contains(question));
            Ok(found.ok_or("nobody knows this question")?.1.to_owned())
        }
        "threshold" => app(portal).await,
        // It is given elsewhere, and nothing is typed.
        "kontor" => approve(portal).await.map(|()| String::new()),
        other => Err(format!("{other} asks nothing that anybody knows").into()),
    }
}

/// What stands in the squares of a card that are named, such as `［Ｃ－３］`.
fn squares(card: &str, asked: &str) -> String {
    let narrow = |letter: char| match letter {
        '０'..='９' | 'Ａ'..='Ｚ' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
        letter => letter,
    };
    let asked: String = asked.chars().map(narrow).collect();
    let names = asked.split(['［', '］']).filter(|name| name.contains('－')).map(|name| name.replace('－', ""));
    let card: Vec<(&str, &str)> = card.split(' ').filter_map(|square| square.split_once('=')).collect();
    let digits = |name: String| card.iter().find(|(known, _)| *known == name).map(|(_, digits)| *digits);
    names.filter_map(digits).collect::<Vec<_>>().join(" ")
}

/// The letters of a word that are asked for by their places.
fn letters(word: &str, asked: &str) -> String {
    // How many attempts are left may stand behind the question.
    let asked = asked.split_once("letters").map_or(asked, |(asked, _)| asked);
    let places = asked.split(|letter: char| !letter.is_ascii_digit()).filter_map(|part| part.parse::<usize>().ok());
    let letters = places.filter_map(|place| word.chars().nth(place.checked_sub(1)?)).map(String::from);
    letters.collect::<Vec<_>>().join(" ")
}
