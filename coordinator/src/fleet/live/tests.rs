//! Who sees what of a run, and whose input reaches it: two ends of a hub, without sockets.
//!
//! Not here: sockets, agents and people at browsers; the console's tests have those.

use uuid::Uuid;

use super::*;

const USER: UserId = UserId(Uuid::from_u128(1));

fn agent(number: u128) -> AgentId {
    AgentId(Uuid::from_u128(number))
}

fn run(number: u128) -> RunId {
    RunId(Uuid::from_u128(number))
}

fn shows(of: RunId, view: View) -> ToCoordinator {
    ToCoordinator::Shows { run_id: of, fence: Some(Fence { generation: 1, counter: 1 }), view }
}

/// Somebody who looks with one of many pages.
fn look(hub: &Arc<Hub>, at: RunId) -> Looking {
    hub.look(at, agent(1), USER, 64).expect("room")
}

fn picture(of: RunId, first: u8) -> Vec<u8> {
    Picture { run_id: of, width: 1, height: 1, jpeg: vec![first] }.to_bytes()
}

#[tokio::test]
async fn nothing_is_asked_for_before_somebody_looks_nor_after_the_last_has_left() {
    let hub = Arc::new(Hub::default());
    let mut line = hub.connect(agent(1));
    assert!(line.says.try_recv().is_err());
    let (one, other) = (look(&hub, run(1)), look(&hub, run(1)));
    assert!(matches!(line.says.try_recv(), Ok(ToAgent::Watch { .. })));
    assert!(line.says.try_recv().is_err(), "it is asked for once");
    drop(one);
    assert!(line.says.try_recv().is_err(), "somebody looks still");
    drop(other);
    assert!(matches!(line.says.try_recv(), Ok(ToAgent::Unwatch { .. })));
    assert!(hub.lock().runs.is_empty());
}

#[tokio::test]
async fn a_slow_viewer_sees_the_newest_picture_and_no_other() {
    let hub = Arc::new(Hub::default());
    let line = hub.connect(agent(1));
    let mut looking = look(&hub, run(1));
    line.proven(&shows(run(1), View::Pictures));
    for number in 0..100 {
        line.pictured(&picture(run(1), number));
    }
    assert!(looking.picture.has_changed().expect("a line"));
    let seen = looking.picture.borrow_and_update().clone().expect("a picture");
    assert_eq!(seen.last(), Some(&99));
    assert!(!looking.picture.has_changed().expect("a line"));
}

#[tokio::test]
async fn an_agent_shows_no_runs_but_those_that_it_shows_to_hold() {
    let hub = Arc::new(Hub::default());
    let (own, other, mut claims) = (hub.connect(agent(1)), hub.connect(agent(2)), hub.connect(agent(1)));
    let looking = look(&hub, run(1));
    assert!(other.claim(&shows(run(1), View::Pictures)).is_none(), "it is another's run");
    other.proven(&shows(run(1), View::Absent));
    for line in [&other, &claims, &own] {
        line.pictured(&picture(run(1), 7));
        line.unproven(&shows(run(1), View::Absent));
        assert!(looking.picture.borrow().is_none(), "nobody has shown to hold it");
        assert_eq!(*looking.stands.borrow(), Stands::Asked);
    }
    assert!(own.claim(&shows(run(1), View::Pictures)).is_some());
    own.proven(&shows(run(1), View::Pictures));
    assert_eq!(*looking.stands.borrow(), Stands::Shows(View::Pictures));
    // Whoever has the same name still has no part in it, and takes nothing away by leaving.
    claims.pictured(&picture(run(1), 7));
    assert!(looking.picture.borrow().is_none());
    hub.seat(run(1), ChallengeId(Uuid::from_u128(3)), 1, Uuid::from_u128(9));
    assert!(hub.input(run(1), Uuid::from_u128(9), Input::Text { text: "secret".into() }));
    while let Ok(said) = claims.says.try_recv() {
        assert!(matches!(said, ToAgent::Watch { .. }), "{said:?}");
    }
    drop(claims);
    own.pictured(&picture(run(1), 8));
    assert_eq!(looking.picture.borrow().as_ref().and_then(|seen| seen.last().copied()), Some(8));
    // What it held and holds no more, it shows no more.
    own.unproven(&shows(run(1), View::Pictures));
    own.pictured(&picture(run(1), 9));
    assert_eq!(looking.picture.borrow().as_ref().and_then(|seen| seen.last().copied()), Some(8));
    assert!(!hub.has_line(run(1)));
}

#[tokio::test]
async fn lines_in_an_agents_name_are_few_and_the_oldest_ends() {
    let hub = Arc::new(Hub::default());
    let mut lines: Vec<_> = (0..=LINES).map(|_| hub.connect(agent(1))).collect();
    assert_eq!(hub.lock().lines.get(&agent(1)).map(Vec::len), Some(LINES));
    assert!(lines[0].says.recv().await.is_none(), "it is told to end");
    drop(lines);
    assert!(hub.lock().lines.is_empty());
}

#[tokio::test]
async fn whoever_comes_while_nobody_is_to_see_anything_does_not_see_the_last_picture() {
    let hub = Arc::new(Hub::default());
    let line = hub.connect(agent(1));
    let first = look(&hub, run(1));
    line.proven(&shows(run(1), View::Pictures));
    line.pictured(&picture(run(1), 7));
    assert!(first.picture.borrow().is_some());
    line.proven(&shows(run(1), View::Withheld));
    assert!(look(&hub, run(1)).picture.borrow().is_none() && first.picture.borrow().is_none());
    assert_eq!(*first.stands.borrow(), Stands::Shows(View::Withheld));
}

#[tokio::test]
async fn whoever_opens_lines_in_an_agents_name_does_not_end_the_one_that_shows_its_run() {
    let hub = Arc::new(Hub::default());
    let own = hub.connect(agent(1));
    let looking = look(&hub, run(1));
    own.proven(&shows(run(1), View::Pictures));
    let claims: Vec<_> = (0..3 * LINES).map(|_| hub.connect(agent(1))).collect();
    assert_eq!(hub.lock().lines.get(&agent(1)).map(Vec::len), Some(LINES));
    assert!(hub.stands(agent(1), own.line()) && hub.has_line(run(1)));
    assert!(!hub.stands(agent(1), claims[0].line()), "the oldest of the others ended");
    own.pictured(&picture(run(1), 7));
    assert!(looking.picture.borrow().is_some());
}

#[tokio::test]
async fn a_line_that_comes_back_is_asked_again() {
    let hub = Arc::new(Hub::default());
    let looking = look(&hub, run(1));
    assert_eq!(*looking.stands.borrow(), Stands::NoLine);
    let older = hub.connect(agent(1));
    assert_eq!(*looking.stands.borrow(), Stands::Asked);
    let mut newer = hub.connect(agent(1));
    assert!(matches!(newer.says.try_recv(), Ok(ToAgent::Watch { .. })));
    drop(older);
    assert_eq!(*looking.stands.borrow(), Stands::Asked, "the newer one stands");
    drop(newer);
    assert_eq!(*looking.stands.borrow(), Stands::NoLine);
}

#[tokio::test]
async fn what_is_done_at_another_page_than_the_holders_reaches_nobody() {
    let (hub, press) = (Arc::new(Hub::default()), || Input::Text { text: "x".into() });
    let line = hub.connect(agent(1));
    let _looking = look(&hub, run(1));
    line.proven(&shows(run(1), View::Pictures));
    let (one, other, challenge) = (Uuid::from_u128(1), Uuid::from_u128(2), ChallengeId(Uuid::from_u128(3)));
    assert!(!hub.input(run(1), one, press()), "nobody holds it");
    hub.seat(run(1), challenge, 1, one);
    assert!(hub.input(run(1), one, press()));
    hub.seat(run(1), challenge, 2, other);
    assert!(!hub.input(run(1), one, press()), "the page from which it was taken is a stale one");
    hub.leave(run(1), one);
    assert!(hub.input(run(1), other, press()));
    hub.leave(run(1), other);
    assert!(!hub.input(run(1), other, press()));
    hub.seat(run(1), challenge, 1, one);
    assert!(!hub.input(run(1), one, press()), "a late word seats nobody");
}

#[tokio::test]
async fn of_two_takes_the_later_one_has_the_seat_whichever_is_answered_first() {
    for order in [[1, 2], [2, 1]] {
        let hub = Arc::new(Hub::default());
        let mut line = hub.connect(agent(1));
        let _looking = look(&hub, run(1));
        line.proven(&shows(run(1), View::Pictures));
        let challenge = ChallengeId(Uuid::from_u128(3));
        let take = async |turn: u64| {
            assert_eq!(hub.take(run(1), challenge, turn).await, Asked::Given);
            hub.seat(run(1), challenge, turn, Uuid::from_u128(turn.into()));
        };
        let answers = async {
            let mut takes = 0;
            while takes < 2 {
                takes += usize::from(matches!(line.says.recv().await, Some(ToAgent::Take { .. })));
            }
            for turn in order {
                let (run_id, fence, taking) = (run(1), None, Taking::Held);
                line.proven(&ToCoordinator::Taken { run_id, fence, challenge_id: challenge, turn, taking });
                tokio::task::yield_now().await;
            }
        };
        tokio::join!(take(1), take(2), answers);
        let press = |page| hub.input(run(1), Uuid::from_u128(page), Input::Text { text: "x".into() });
        assert!(press(2) && !press(1), "answered {order:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn taking_the_wheel_is_given_refused_or_not_answered() {
    let hub = Arc::new(Hub::default());
    let challenge = ChallengeId(Uuid::from_u128(3));
    let _looking = look(&hub, run(1));
    assert!(!hub.has_line(run(1)));
    assert_eq!(hub.take(run(1), challenge, 1).await, Asked::Refused, "nobody was asked");
    let mut line = hub.connect(agent(1));
    assert_eq!(hub.take(run(1), challenge, 1).await, Asked::Refused, "nobody has shown to hold the run");
    line.proven(&shows(run(1), View::Pictures));
    assert!(hub.has_line(run(1)));
    let mut answer = async |turn, taking| {
        while !matches!(line.says.recv().await, Some(ToAgent::Take { .. })) {}
        let (run_id, fence) = (run(1), None);
        line.proven(&ToCoordinator::Taken { run_id, fence, challenge_id: challenge, turn, taking });
    };
    let (refused, ()) = tokio::join!(hub.take(run(1), challenge, 1), answer(1, Taking::Refused));
    assert_eq!(refused, Asked::Refused);
    let (stale, ()) = tokio::join!(hub.take(run(1), challenge, 2), answer(1, Taking::Held));
    assert_eq!(stale, Asked::Unknown, "what was said of an earlier turn is no answer to this one");
    let (given, ()) = tokio::join!(hub.take(run(1), challenge, 3), answer(3, Taking::Held));
    assert_eq!(given, Asked::Given);
    let (ended, ()) = tokio::join!(hub.take(run(1), challenge, 4), async move { drop(line) });
    assert_eq!(ended, Asked::Unknown, "the line ended");
}

#[tokio::test]
async fn there_is_room_for_so_many_and_no_more() {
    let hub = Arc::new(Hub::default());
    let user = |number: usize| UserId(Uuid::from_u128(number as u128));
    let _looking: Vec<_> =
        (0..VIEWERS.0).map(|number| hub.look(run(1), agent(1), user(number), 1).expect("room")).collect();
    assert_eq!(hub.look(run(1), agent(1), user(99), 1).err(), Some(TooMany::People));
    let mut others = Vec::new();
    while let Ok(looking) = hub.look(run(2 + others.len() as u128), agent(1), user(100 + others.len()), 1) {
        others.push(looking);
    }
    assert_eq!(others.len(), VIEWERS.1 - VIEWERS.0);
}

#[tokio::test]
async fn one_person_has_so_many_pages_and_no_more() {
    let hub = Arc::new(Hub::default());
    let look = |at| hub.look(run(at), agent(1), USER, 2);
    let (first, _second) = (look(1).expect("room"), look(2).expect("room"));
    assert_eq!(look(3).err(), Some(TooMany::Pages));
    assert_eq!(look(1).err(), Some(TooMany::Pages), "of the same run, too");
    hub.look(run(1), agent(1), UserId(Uuid::from_u128(2)), 2).expect("another has their own");
    drop(first);
    look(3).expect("room again");
}
