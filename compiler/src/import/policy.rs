//! How continuous-time equations become steps: what a NIR file leaves open, made explicit.
//!
//! NIR stores neither the step, nor the integrator, nor the reset, nor the measure of time, and
//! frameworks fill these in differently. A policy is one choice for each, started from a
//! [`Dialect`] and changed field by field; [`ImportPolicy::assumptions`] says what was chosen.

use std::str::FromStr;

use quarrion_isa::diagnostic::Diagnostic;

/// The framework whose conventions a file follows.
///
/// # Source
/// The NIR importers and exporters of snnTorch 1.0, Norse 1.1, Sinabs 3.1, Rockpool 3.1,
/// SpikingJelly 2.0 and Spyx 1.0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// Euler steps of 0.1 ms, reset to zero; what the NIR paper's graphs use.
    #[default]
    SnnTorch,
    /// Euler steps of 1 ms, reset to zero; IF jumps by its input.
    Norse,
    /// Time constants in steps, exponential decay, inputs unscaled, reset by subtraction.
    Sinabs,
    /// Exponential decay that also covers the input of the same step, reset by subtraction.
    Rockpool,
    /// Euler steps of 0.1 ms, `>=`, states start at the reset potential, IF scaled by the step.
    SpikingJelly,
    /// Time constants in steps, Euler, inputs unscaled, reset by subtraction.
    Spyx,
}

/// In what the file measures time constants and delays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TauMeasure {
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Milliseconds,
    /// Timesteps.
    Steps,
}

/// How a leaky state decays over one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Integrator {
    /// Forward Euler: `1 - dt / tau`.
    Euler,
    /// Exact decay: `exp(-dt / tau)`.
    Exponential,
}

/// How strongly the input of one step moves a leaky state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeakyGain {
    /// As the integrator implies: `r dt / tau`, or `r (1 - exp(-dt / tau))`.
    Matched,
    /// By 1, whatever the file says.
    Unscaled,
    /// LI and LIF by `r dt / tau`; behind a synaptic current by 1, and that current by its own
    /// decay, because input is added before the decay.
    BeforeDecay,
}

/// How strongly the input of one step moves a state without leak (I and IF).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntegratorGain {
    /// By `r`.
    PerStep,
    /// By `r dt`.
    TimesDt,
}

/// What a spike does to the membrane, within the same step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResetMode {
    /// The membrane becomes zero (after shifting by `v_reset`).
    Zero,
    /// The threshold is subtracted.
    Subtract,
}

/// When a membrane counts as having crossed its threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `v > threshold`, as NIR defines it.
    Greater,
    /// `v >= threshold`.
    GreaterOrEqual,
}

/// Where membranes stand before the first step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InitialVoltage {
    /// At zero.
    Zero,
    /// At the reset potential.
    Reset,
}

/// One choice for everything that a NIR file leaves open.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ImportPolicy {
    /// Where the choices started from.
    pub dialect: Dialect,
    /// Length of a timestep.
    ///
    /// # Units
    /// Seconds.
    pub dt_seconds: f64,
    /// Measure of time constants and delays.
    pub tau_measure: TauMeasure,
    /// Decay of leaky states.
    pub integrator: Integrator,
    /// Gain of leaky states.
    pub leaky_gain: LeakyGain,
    /// Gain of states without leak.
    pub if_gain: IntegratorGain,
    /// Reset after a spike.
    pub reset: ResetMode,
    /// Firing condition.
    pub comparison: Comparison,
    /// State before the first step.
    pub initial_voltage: InitialVoltage,
}

impl Default for ImportPolicy {
    fn default() -> Self {
        Dialect::default().policy()
    }
}

impl Dialect {
    /// Every dialect, in the order in which help lists them.
    pub const ALL: [Self; 6] =
        [Self::SnnTorch, Self::Norse, Self::Sinabs, Self::Rockpool, Self::SpikingJelly, Self::Spyx];

    /// The name that `--dialect` takes.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SnnTorch => "snntorch",
            Self::Norse => "norse",
            Self::Sinabs => "sinabs",
            Self::Rockpool => "rockpool",
            Self::SpikingJelly => "spikingjelly",
            Self::Spyx => "spyx",
        }
    }

    /// What the framework does that a policy cannot express, if anything.
    #[must_use]
    pub fn caveat(self) -> Option<&'static str> {
        match self {
            Self::SnnTorch => Some(
                "snnTorch's own default is to subtract, one step late; the file does not say which",
            ),
            Self::Sinabs => Some(
                "Sinabs neurons may emit several spikes a step and may have a lower bound; here a \
                 neuron emits at most one and has none",
            ),
            Self::Spyx => {
                Some("Spyx compares before it integrates; here spikes come a step sooner")
            }
            Self::Norse | Self::Rockpool | Self::SpikingJelly => None,
        }
    }

    /// The choices that reproduce the framework's own import.
    #[must_use]
    pub fn policy(self) -> ImportPolicy {
        let snntorch = ImportPolicy {
            dialect: self,
            dt_seconds: 1e-4,
            tau_measure: TauMeasure::Seconds,
            integrator: Integrator::Euler,
            leaky_gain: LeakyGain::Matched,
            if_gain: IntegratorGain::PerStep,
            reset: ResetMode::Zero,
            comparison: Comparison::Greater,
            initial_voltage: InitialVoltage::Zero,
        };
        match self {
            Self::SnnTorch => snntorch,
            Self::Norse => ImportPolicy { dt_seconds: 1e-3, ..snntorch },
            Self::Sinabs => ImportPolicy {
                dt_seconds: 1e-3,
                tau_measure: TauMeasure::Steps,
                integrator: Integrator::Exponential,
                leaky_gain: LeakyGain::Unscaled,
                reset: ResetMode::Subtract,
                ..snntorch
            },
            Self::Rockpool => ImportPolicy {
                dt_seconds: 1e-3,
                integrator: Integrator::Exponential,
                leaky_gain: LeakyGain::BeforeDecay,
                reset: ResetMode::Subtract,
                ..snntorch
            },
            Self::SpikingJelly => ImportPolicy {
                if_gain: IntegratorGain::TimesDt,
                comparison: Comparison::GreaterOrEqual,
                initial_voltage: InitialVoltage::Reset,
                ..snntorch
            },
            Self::Spyx => ImportPolicy {
                dt_seconds: 1e-3,
                tau_measure: TauMeasure::Steps,
                leaky_gain: LeakyGain::Unscaled,
                reset: ResetMode::Subtract,
                ..snntorch
            },
        }
    }
}

impl FromStr for Dialect {
    type Err = Diagnostic;

    fn from_str(text: &str) -> Result<Self, Diagnostic> {
        Self::ALL.into_iter().find(|dialect| dialect.name() == text).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|dialect| dialect.name()).collect();
            Diagnostic::error("QN020", format!("`{text}` is not a known dialect"))
                .at("--dialect", "", "this name")
                .help(format!("known are {}", known.join(", ")))
        })
    }
}

impl ImportPolicy {
    /// Refuses a step that is no positive time.
    ///
    /// # Errors
    /// QN020, the user must give another `--dt`.
    pub fn check(&self) -> Result<(), Diagnostic> {
        if self.dt_seconds.is_finite() && self.dt_seconds > 0.0 {
            return Ok(());
        }
        let message = format!("the timestep must be a positive time, not {}", self.dt_seconds);
        Err(Diagnostic::error("QN020", message)
            .at("--dt", "", "in seconds")
            .help("snnTorch, SpikingJelly and the NIR paper use 1e-4"))
    }

    /// A time of the file in timesteps.
    #[must_use]
    pub fn in_steps(&self, time: f64) -> f64 {
        match self.tau_measure {
            TauMeasure::Seconds => time / self.dt_seconds,
            TauMeasure::Milliseconds => time * 1e-3 / self.dt_seconds,
            TauMeasure::Steps => time,
        }
    }

    /// What a leaky state with time constant `tau` keeps over one step.
    #[must_use]
    pub fn decay(&self, tau: f64) -> f64 {
        match self.integrator {
            Integrator::Euler => 1.0 - self.step_share(tau),
            Integrator::Exponential => (-self.step_share(tau)).exp(),
        }
    }

    /// `dt / tau`, in the order of operations that keeps a file in seconds exact.
    fn step_share(&self, tau: f64) -> f64 {
        match self.tau_measure {
            TauMeasure::Seconds => self.dt_seconds / tau,
            TauMeasure::Milliseconds => self.dt_seconds / (tau * 1e-3),
            TauMeasure::Steps => 1.0 / tau,
        }
    }

    /// What the resting potential adds to the membrane in one step, for each volt.
    #[must_use]
    pub fn leak_share(&self, tau: f64) -> f64 {
        match self.integrator {
            Integrator::Euler => self.step_share(tau),
            Integrator::Exponential => 1.0 - self.decay(tau),
        }
    }

    /// What one unit of input adds to the membrane of an LI or LIF in one step.
    #[must_use]
    pub fn leaky_input_gain(&self, tau: f64, r: f64) -> f64 {
        match self.leaky_gain {
            LeakyGain::Matched => self.leak_share(tau) * r,
            LeakyGain::BeforeDecay => self.step_share(tau) * r,
            LeakyGain::Unscaled => 1.0,
        }
    }

    /// What one unit of input adds to the synaptic current in one step.
    #[must_use]
    pub fn current_input_gain(&self, tau_syn: f64, w_in: f64) -> f64 {
        match self.leaky_gain {
            LeakyGain::Matched => self.leak_share(tau_syn) * w_in,
            LeakyGain::BeforeDecay => self.decay(tau_syn) * w_in,
            LeakyGain::Unscaled => 1.0,
        }
    }

    /// What one unit of synaptic current adds to the membrane behind it in one step.
    #[must_use]
    pub fn current_gain(&self, tau_mem: f64, r: f64) -> f64 {
        match self.leaky_gain {
            LeakyGain::Matched => self.leak_share(tau_mem) * r,
            LeakyGain::BeforeDecay | LeakyGain::Unscaled => 1.0,
        }
    }

    /// What one unit of input adds to a membrane without leak in one step.
    #[must_use]
    pub fn integrator_input_gain(&self, r: f64) -> f64 {
        match self.if_gain {
            IntegratorGain::PerStep => r,
            IntegratorGain::TimesDt => r * self.dt_seconds,
        }
    }

    /// What was assumed, as (what, value) in the order of the fields: to print and to store.
    #[must_use]
    pub fn assumptions(&self) -> Vec<(String, String)> {
        let tau = match self.tau_measure {
            TauMeasure::Seconds => "seconds",
            TauMeasure::Milliseconds => "milliseconds",
            TauMeasure::Steps => "timesteps",
        };
        let integrator = match self.integrator {
            Integrator::Euler => "forward Euler, decay 1 - dt/tau",
            Integrator::Exponential => "exponential, decay exp(-dt/tau)",
        };
        let leaky_gain = match (self.leaky_gain, self.integrator) {
            (LeakyGain::Matched, Integrator::Euler) => "r dt/tau",
            (LeakyGain::Matched, Integrator::Exponential) => "r (1 - exp(-dt/tau))",
            (LeakyGain::Unscaled, _) => "1, r ignored",
            (LeakyGain::BeforeDecay, _) => "r dt/tau; synaptic input added before its decay",
        };
        let if_gain = match self.if_gain {
            IntegratorGain::PerStep => "r each step",
            IntegratorGain::TimesDt => "r dt",
        };
        let reset = match self.reset {
            ResetMode::Zero => "to v_reset in the same step",
            ResetMode::Subtract => "by subtracting the threshold in the same step",
        };
        let fires = match self.comparison {
            Comparison::Greater => "v > threshold",
            Comparison::GreaterOrEqual => "v >= threshold",
        };
        let initial = match self.initial_voltage {
            InitialVoltage::Zero => "0",
            InitialVoltage::Reset => "v_reset",
        };
        let mut assumptions: Vec<(String, String)> = [
            ("dialect", self.dialect.name()),
            ("dt", &format!("{:e} s", self.dt_seconds)),
            ("time constants and delays", tau),
            ("integrator", integrator),
            ("gain of leaky neurons", leaky_gain),
            ("gain of I and IF", if_gain),
            ("reset", reset),
            ("fires when", fires),
            ("initial membrane", initial),
            ("recurrence", "a neuron's output enters its own cycle one step later"),
        ]
        .map(|(what, value)| (what.to_owned(), value.to_owned()))
        .into();
        if let Some(caveat) = self.dialect.caveat() {
            assumptions.push(("not expressed".to_owned(), caveat.to_owned()));
        }
        assumptions
    }
}

#[cfg(test)]
mod tests {
    use super::{Dialect, ImportPolicy, Integrator, LeakyGain};

    #[test]
    fn snntorch_export_gives_back_its_beta() {
        // snnTorch writes tau = dt / (1 - beta) and r = tau / dt.
        let policy = ImportPolicy::default();
        let tau = 1e-4 / (1.0 - 0.9);
        assert!((policy.decay(tau) - 0.9).abs() < 1e-15);
        assert!((policy.leaky_input_gain(tau, tau / 1e-4) - 1.0).abs() < 1e-15);
    }

    #[test]
    fn exponential_gain_and_leak_share_add_up_to_the_decay() {
        let policy = ImportPolicy {
            integrator: Integrator::Exponential,
            leaky_gain: LeakyGain::Matched,
            ..ImportPolicy::default()
        };
        assert_eq!(policy.leaky_input_gain(3e-4, 1.0), 1.0 - (-1.0_f64 / 3.0).exp());
    }

    #[test]
    fn rockpool_export_gains_by_its_decay() {
        // Rockpool writes r = tau exp(-dt / tau) / dt.
        let policy = Dialect::Rockpool.policy();
        let (tau, dt) = (2.5e-3, policy.dt_seconds);
        let r = tau * (-dt / tau).exp() / dt;
        assert!((policy.leaky_input_gain(tau, r) - policy.decay(tau)).abs() < 1e-15);
    }

    #[test]
    fn dialects_are_found_by_name() {
        for dialect in Dialect::ALL {
            assert_eq!(dialect.name().parse::<Dialect>().ok(), Some(dialect));
        }
        assert!("brian".parse::<Dialect>().is_err());
    }
}
