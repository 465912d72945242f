//! Broken and slow parts, and routes around them.

use quarrion_isa::chip::{RouteTable, Way};

use super::fabric::{End, Fabric, LinkState};

impl Fabric {
    /// Breaks a directed link.
    pub fn kill_link(&mut self, link: u32) {
        self.links[link as usize].state = LinkState::Dead;
    }

    /// Breaks a router: every link from it or to it, those of its ports included.
    pub fn kill_router(&mut self, router: u32) {
        for link in &mut self.links {
            let touches = |end: End| matches!(end, End::Router { router: at, .. } if at == router);
            if touches(link.from) || touches(link.to) {
                link.state = LinkState::Dead;
            }
        }
    }

    /// Makes a link carry flits at `part / whole` of its speed, rounded to the slower.
    pub fn slow_link(&mut self, link: u32, part: u64, whole: u64) {
        let timing = &mut self.links[link as usize].timing;
        timing.flit_ps = (timing.flit_ps * whole).div_ceil(part.max(1));
    }

    /// The link that leaves a router's port.
    #[must_use]
    pub fn link_at(&self, router: u32, port: u32) -> Option<u32> {
        let from = End::Router { router, port };
        self.links.iter().position(|link| link.from == from).map(|at| at as u32)
    }

    /// Working links from router to router.
    fn working(&self) -> Vec<Way> {
        let up = self.links.iter().filter(|link| link.state == LinkState::Up);
        let ways = up.filter_map(|link| match (link.from, link.to) {
            (End::Router { router: from, port }, End::Router { router: to, .. }) => {
                Some(Way { from, port: port as u8, to })
            }
            _ => None,
        });
        ways.collect()
    }

    /// Routes over working links that close no ring of channels ([`RouteTable::up_down`]).
    ///
    /// # Complexity
    /// Routers times working links.
    #[must_use]
    pub fn routes_around_faults(&self) -> RouteTable {
        RouteTable::up_down(self.routers.len() as u32, &self.working())
    }
}
