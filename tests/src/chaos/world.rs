//! The world that chaos comes over: two coordinators on one PostgreSQL and one Redis, agents
//! with browsers, a bank with several users, and ways between them that can be stalled and cut.
//! Whatever ends is started again.
//!
//! Not here: what goes wrong (`vocabulary`), who asks for runs (`people`), what is held to
//! (`auditor`, `judgement`).

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fixtures::harbour::{Harbour, HarbourSettings};
use fixtures::portal::{RunningPortal, User};
use tokio::process::Command;

use super::Failure;
use super::disturbances::Disturbances;
use super::keeper::Kept;
use super::line;
use super::people::{Person, Temper};
use super::proxy::{End, Proxy};
use super::timeline::{Telling, Timeline};
use crate::integrator::Integrator;
use crate::patience::eventually;
use crate::postgres::Postgres;
use crate::programs::{ProgramError, Sighting, built};
use crate::redis::Redis;
use crate::world::{run, scripts};

/// How long a lease lasts unless a world has another term.
pub const TERM: Duration = Duration::from_secs(4);
/// How many runs the bank may be asked for at once here.
pub const CAP: u64 = 3;

const AGENTS_TOKEN: &str = "a-token-of-the-agents-of-this-world";
const OPERATORS_TOKEN: &str = "a-token-of-the-operators-of-this-world";
const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// Past so much memory a page is ended here.
const BROWSER_MEMORY: &str = "500M";

/// What kind of world.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// What chance is made from.
    pub seed: u64,
    /// How many agents.
    pub agents: usize,
    /// How many runs each works on at once, and how many may wait for a person in it.
    pub slots: usize,
    /// How many users of the bank have given their right password.
    pub people: usize,
    /// How many give a wrong one.
    pub erring: usize,
    /// How long a lease lasts, in whole seconds.
    pub term: Duration,
    /// Whether the story is told as it happens.
    pub telling: Telling,
}

/// An agent's place, whichever life it is in.
pub struct Seat {
    /// The agent.
    pub kept: Kept,
    /// Its way to the coordinators.
    pub way: Proxy,
    /// The clock of its next life.
    pub(super) clock: Arc<Mutex<Clock>>,
    /// Its folder.
    pub folder: PathBuf,
}

/// What an agent is told of the time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clock {
    /// What the machine says.
    #[default]
    Right,
    /// So many seconds more, or less. Time passes as it does.
    Off(i64),
    /// Time passes at two fifths of its pace, from hours ahead, for all that the agent can find out. It still renews in
    /// time, and trusts what it isn't told to have lost for twice its term. No lease survives that by protocol; it is
    /// for showing that the oracle sees what then happens.
    Slow,
}

impl Clock {
    fn set(self, library: &Path, command: &mut Command) {
        let told = match self {
            Self::Right => return,
            // The wall's clock alone.
            Self::Off(seconds) => {
                command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("DONT_FAKE_MONOTONIC", "1");
                format!("{seconds:+}s")
            }
            Self::Slow => "+40000s x0.4".to_owned(),
        };
        command.env("LD_PRELOAD", library).env("FAKETIME", told);
    }
}

/// All of it.
pub struct World {
    /// What happened.
    pub timeline: Timeline,
    /// How long a lease lasts.
    pub term: Duration,
    /// The bank.
    pub portal: RunningPortal,
    /// The coordinators.
    pub coordinators: Vec<Kept>,
    /// The agents.
    pub seats: Vec<Seat>,
    /// Who uses the API, each with a connection.
    pub people: Vec<Person>,
    /// An operator.
    pub operator: Integrator,
    pub(super) postgres: tokio::sync::Mutex<Postgres>,
    pub(super) redis: tokio::sync::Mutex<Redis>,
    /// Each coordinator's way to Redis.
    pub(super) redis_ways: Vec<Proxy>,
    pub(super) disturbances: Disturbances,
    pub(super) hits: Mutex<BTreeMap<&'static str, usize>>,
    pub(super) frozen: Mutex<Vec<Sighting>>,
    /// The lines to browsers on which nothing passes.
    pub(super) stalled: Mutex<Vec<Sighting>>,
    /// The connection whose agents are killed.
    pub(super) poisoned: Mutex<Option<String>>,
    _door: Proxy,
    folder: tempfile::TempDir,
}

impl World {
    /// Starts everything, and has everybody onboard their bank.
    ///
    /// # Errors
    /// What couldn't be started, with what it said.
    pub async fn start(settings: Settings) -> Result<Self, Failure> {
        let timeline = Timeline::begin(settings.telling);
        let skewing = libfaketime()?;
        let folder = tempfile::tempdir()?;
        let portal = bank(settings).await?;
        portal.set_faults(super::vocabulary::usual_faults());
        let postgres = Postgres::start().await?;
        let redis = Redis::start(folder.path()).await?;
        let browser = line::lay(&folder.path().join("browser"))?;
        copy_scripts(&folder.path().join("scripts"))?;
        let token_file = folder.path().join("agent.token");
        std::fs::write(&token_file, AGENTS_TOKEN)?;

        let (mut coordinators, mut redis_ways, mut ends) = (Vec::new(), Vec::new(), Vec::new());
        for number in 1..=2 {
            let way = Proxy::to(vec![End::Unix(redis.socket())]).await?;
            let address = free_address()?;
            let environment =
                environment(folder.path(), number, address, &portal, &postgres.url(), way.address(), settings.term);
            let kept = Kept::start(&format!("coordinator-{number}"), timeline.clone(), move |_| {
                let mut command = Command::new(built("coordinator")?);
                command.args(["serve", "--until-stdin-closes"]).envs(environment.clone());
                Ok(command)
            });
            coordinators.push(kept);
            redis_ways.push(way);
            ends.push(End::Tcp(address));
        }
        let door = Proxy::to(ends.clone()).await?;
        let base = format!("http://{}", door.address());
        let operator = Integrator::new(&base, OPERATORS_TOKEN);
        let serves = eventually(async || operator.get("/control/v1/queue/audit").await.ok()).await;
        serves.ok_or_else(|| format!("no coordinator serves: {}", talk_of(&coordinators)))?;

        let by_hand = environment(
            folder.path(),
            1,
            SocketAddr::from(([127, 0, 0, 1], 0)),
            &portal,
            &postgres.url(),
            redis_ways[0].address(),
            settings.term,
        );
        let people = people(settings, &portal, &base, &by_hand).await?;
        let mut seats = Vec::new();
        for number in 1..=settings.agents {
            let way = Proxy::to(ends.clone()).await?;
            let clock = Arc::<Mutex<Clock>>::default();
            let data = folder.path().join(format!("agent-{number}"));
            let (coordinator, told, data_folder) =
                (format!("http://{}", way.address()), Arc::clone(&clock), data.clone());
            let (token_file, skewing, browser) = (token_file.clone(), skewing.clone(), browser.clone());
            let kept = Kept::start(&format!("agent-{number}"), timeline.clone(), move |life| {
                let mut command = agent(life, settings.slots, &coordinator, &data_folder, &token_file)?;
                command.arg("--browser").arg(&browser);
                told.lock().unwrap_or_else(PoisonError::into_inner).set(&skewing, &mut command);
                Ok(command)
            });
            seats.push(Seat { kept, way, clock, folder: data });
        }
        Ok(Self {
            timeline,
            term: settings.term,
            portal,
            coordinators,
            seats,
            people,
            operator,
            postgres: tokio::sync::Mutex::new(postgres),
            redis: tokio::sync::Mutex::new(redis),
            redis_ways,
            disturbances: Disturbances::default(),
            hits: Mutex::default(),
            frozen: Mutex::default(),
            stalled: Mutex::default(),
            poisoned: Mutex::default(),
            _door: door,
            folder,
        })
    }

    /// The folder of everything in this world.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Those who have given their right password.
    pub fn right_people(&self) -> impl Iterator<Item = &Person> {
        self.people.iter().filter(|person| person.temper == Temper::Right)
    }

    /// What the lives of these programs said.
    pub fn talks(&self) -> impl Iterator<Item = (String, String)> {
        let kept = self.coordinators.iter().chain(self.seats.iter().map(|seat| &seat.kept));
        kept.flat_map(Kept::lives).map(|life| (life.name, life.talk.text()))
    }

    /// What must be in no log and not in Redis.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        let people = self.people.iter();
        let own = people.flat_map(|person| [person.password.clone(), person.username.clone(), person.key().to_owned()]);
        let rights = self.portal.users().map(|user| user.password.clone());
        own.chain(rights).chain([AGENTS_TOKEN, OPERATORS_TOKEN, MASTER_KEY].map(str::to_owned)).collect()
    }
}

fn talk_of(programs: &[Kept]) -> String {
    let lives = programs.iter().flat_map(Kept::lives);
    lives.map(|life| format!("{} said:\n{}\n", life.name, life.talk.text())).collect()
}

async fn bank(settings: Settings) -> Result<RunningPortal, Failure> {
    let user = |number: usize| User {
        username: format!("bursar.user{number}.of.{}", settings.seed),
        password: format!("Anchor-{number}-Lantern-{}", uuid::Uuid::new_v4().simple()),
    };
    let further_users = (2..=settings.people + settings.erring).map(user).collect();
    let User { username, password } = user(1);
    let harbour =
        HarbourSettings { seed: settings.seed, username, password, further_users, ..HarbourSettings::default() };
    Ok(Harbour::start(harbour).await?)
}

/// Two entities to an organization, each with a connection of its own user.
async fn people(
    settings: Settings,
    portal: &RunningPortal,
    base: &str,
    environment: &[(String, String)],
) -> Result<Vec<Person>, Failure> {
    let (mut people, mut key) = (Vec::new(), String::new());
    for (index, user) in portal.users().enumerate() {
        if index % 2 == 0 {
            let organization = format!("organization-{}", index / 2);
            by_hand(environment, &["organization", "create", &organization]).await?;
            key = by_hand(environment, &["key", "create", "--organization", &organization]).await?;
        }
        let integrator = Integrator::new(base, key.trim());
        let entity = integrator.post("/v1/entities", &serde_json::json!({ "externalEntityId": user.username })).await?;
        let asked = serde_json::json!({ "entityId": entity["entityId"], "institutionId": portal.name() });
        let connection = integrator.post("/v1/connections", &asked).await?;
        let id = connection["id"].as_str().unwrap_or_default().to_owned();
        let temper = if index < settings.people { Temper::Right } else { Temper::Erring };
        people.push(Person::new(index, user, temper, integrator, id));
    }
    Ok(people)
}

/// A command of the coordinator that has to work; its data.
async fn by_hand(environment: &[(String, String)], arguments: &[&str]) -> Result<String, Failure> {
    let mut command = Command::new(built("coordinator")?);
    command.args(arguments).envs(environment.iter().cloned());
    let ran = run(command, "").await?;
    if ran.code == Some(0) { Ok(ran.stdout) } else { Err(ran.stderr.into()) }
}

fn environment(
    folder: &Path,
    number: usize,
    listen: SocketAddr,
    portal: &RunningPortal,
    store: &str,
    redis: SocketAddr,
    term: Duration,
) -> Vec<(String, String)> {
    let text = |path: PathBuf| path.display().to_string();
    let settings = [
        ("DATA", text(folder.join(format!("coordinator-{number}")))),
        ("HTTP__LISTEN", listen.to_string()),
        ("STORE__URL", store.to_owned()),
        ("REDIS__URL", format!("redis://{redis}")),
        ("VAULT__MASTER_KEY", MASTER_KEY.to_owned()),
        ("AGENTS__TOKEN", AGENTS_TOKEN.to_owned()),
        ("CONTROL__TOKEN", OPERATORS_TOKEN.to_owned()),
        ("CATALOG__FOLDER", text(folder.join("scripts"))),
        ("DEVELOPMENT__LOOPBACK", "true".to_owned()),
        ("DEVELOPMENT__PORTAL_URLS__HARBOUR", portal.url().to_owned()),
        ("LEASE__TERM", format!("{}s", term.as_secs())),
        ("LEASE__EXPIRE_EVERY", "200ms".to_owned()),
        ("RETRY__BASE", "300ms".to_owned()),
        ("RETRY__CAP", "1s".to_owned()),
        ("RATE_LIMIT__BURST", "100000".to_owned()),
        ("RATE_LIMIT__REQUESTS_PER_SECOND", "100000".to_owned()),
    ];
    settings.map(|(name, value)| (format!("BURSAR__{name}"), value)).to_vec()
}

fn agent(
    life: &str,
    slots: usize,
    coordinator: &str,
    folder: &Path,
    token_file: &Path,
) -> Result<Command, ProgramError> {
    let (mut command, slots) = (Command::new(built("agent")?), slots.to_string());
    command.args([
        "run",
        "--slots",
        &slots,
        "--parked",
        &slots,
        "--until-stdin-closes",
        "--coordinator",
        coordinator,
        "--name",
        life,
    ]);
    command.args(["--browser-memory", BROWSER_MEMORY]).arg("--data").arg(folder).arg("--token-file").arg(token_file);
    command.env("BURSAR_LOG", "info");
    if rustix::process::geteuid().is_root() {
        command.args(["--browser-sandbox", "off"]);
    }
    Ok(command)
}

/// The repository's scripts, with a cap for the bank that is easily reached.
fn copy_scripts(folder: &Path) -> Result<(), Failure> {
    let (from, to) = (scripts().join("harbour"), folder.join("harbour"));
    std::fs::create_dir_all(&to)?;
    for name in ["institution.yaml", "script.yaml"] {
        let text = std::fs::read_to_string(from.join(name))?;
        std::fs::write(to.join(name), text.replace("atOnce: 1000", &format!("atOnce: {CAP}")))?;
    }
    Ok(())
}

/// A port that nobody is given by the system while its program is away: those are higher.
fn free_address() -> Result<SocketAddr, Failure> {
    let start = u16::try_from(uuid::Uuid::new_v4().as_u128() % 10_000).unwrap_or(0) + 20_000;
    let free = (start..32_000).map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
    free.into_iter().find(|address| TcpListener::bind(address).is_ok()).ok_or_else(|| "no port is free".into())
}

/// The library that gives a program another clock.
fn libfaketime() -> Result<PathBuf, Failure> {
    let folders = std::fs::read_dir("/usr/lib").into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    let folders = folders.chain([PathBuf::from("/usr/lib"), PathBuf::from("/usr/lib64")]);
    let found = folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1")).find(|path| path.is_file());
    found.ok_or_else(|| {
        "libfaketime isn't installed\nhint: `cargo xtask setup` installs it (Debian: apt install faketime)".into()
    })
}
