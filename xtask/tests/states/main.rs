//! The machine and the program: the same random scripts drive both, and every service goes through the same states.
//!
//! `cargo test --features soak --test states`. The machine has simulated time and services; the program, real ones that do
//! as the script says. After each happening it is waited for what the machine foretells, so nothing depends on time.
//! `STATES_SEED` sets other scripts, `STATES_SCRIPTS` how many.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod program;
#[path = "../soak/random.rs"]
mod random;
mod script;

/// The sandbox of the fast tests.
#[path = "../it"]
mod it {
    #[expect(dead_code, reason = "the fast tests use the rest of it")]
    pub(crate) mod sandbox;
}

use devtasks::simulation::Simulation;

use program::Program;
use random::Random;

#[test]
fn the_program_goes_through_the_states_that_the_machine_foretells() {
    let number = |name: &str, usual: u64| std::env::var(name).map_or(usual, |text| text.parse().unwrap());
    let seed = number("STATES_SEED", 1);
    for n in 0..number("STATES_SCRIPTS", 40) {
        let mut random = Random::new(seed, n);
        let services = script::services(&mut random);
        let mut program = Program::start(&services);
        let mut machine = Simulation::start(&program.config);
        let mut script = vec![format!("script {n} of seed {seed}\n{}", program.config)];
        program.arrives(&machine, &script);
        for _ in 0..10 {
            if machine.is_over() {
                break;
            }
            let happening = script::happening(&services, &machine, &mut random);
            script.push(format!("{happening:?}"));
            program.happen(&happening, &machine);
            machine.happen(&happening);
            program.arrives(&machine, &script);
        }
        program.ends(&mut machine, &mut script);
    }
}
