//! Regular fabrics: mesh, torus, several cores a tile, several chips side by side.

use quarrion_isa::diagnostic::Diagnostic;

use super::codes::BAD_FABRIC;
use super::fabric::{
    Consumption, End, Fabric, Grid, Link, LinkClass, LinkState, LinkTiming, PlaneUse, Port, PortId,
    Router, RouterTiming, Wrap, direction,
};
use super::routing::Routing;

/// A boundary that repeats every so many tiles, and the links across it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Tiles in x between two boundaries.
    pub every_x: u32,
    /// Tiles in y between two boundaries.
    pub every_y: u32,
    /// Class of the links across.
    pub class: LinkClass,
    /// Timing of the links across.
    pub timing: LinkTiming,
}

/// A regular fabric in a few figures.
#[derive(Clone, Debug)]
pub struct GridSpec {
    /// Columns of tiles over all chips.
    pub width: u32,
    /// Rows of tiles over all chips.
    pub height: u32,
    /// Mesh or torus.
    pub wrap: Wrap,
    /// Cores on every tile.
    pub cores_per_tile: u32,
    /// Tiles (x, y) with a host port; the ports follow the cores.
    pub hosts: Vec<(u32, u32)>,
    /// Links between neighbours in x.
    pub east_west: LinkTiming,
    /// Links between neighbours in y.
    pub north_south: LinkTiming,
    /// Core to router.
    pub inject: LinkTiming,
    /// Router to core.
    pub eject: LinkTiming,
    /// Chip and board boundaries; the last that applies to a link wins.
    pub edges: Vec<Edge>,
    /// Physical planes.
    pub planes: u32,
    /// Which packet takes which plane.
    pub plane_use: PlaneUse,
    /// Routers.
    pub timing: RouterTiming,
    /// Routing.
    pub routing: Routing,
    /// A packet that has waited this long at the front of a router's buffer is dropped there.
    pub drop_after_ps: Option<u64>,
}

impl GridSpec {
    /// Builds the fabric: tile by tile, row by row, one core after the other, hosts last.
    ///
    /// # Errors
    /// A size of zero, a host outside, or what [`Fabric::check`] finds.
    pub fn build(&self) -> Result<Fabric, Diagnostic> {
        let tiles = u64::from(self.width) * u64::from(self.height);
        if tiles == 0 || tiles > 1 << 20 || self.width > 0xFFFF || self.height > 0xFFFF {
            let (width, height) = (self.width, self.height);
            return Err(Diagnostic::error(
                BAD_FABRIC,
                format!("a grid of {width} x {height} tiles; 1 to 2^20 tiles work"),
            ));
        }
        if let Some((x, y)) = self.hosts.iter().find(|(x, y)| *x >= self.width || *y >= self.height)
        {
            return Err(Diagnostic::error(
                BAD_FABRIC,
                format!("a host port at tile ({x}, {y}) lies outside the grid"),
            ));
        }
        let mut fabric = Fabric {
            grid: Some(Grid { width: self.width, height: self.height, wrap: self.wrap }),
            routers: Vec::new(),
            links: Vec::new(),
            ports: Vec::new(),
            planes: self.planes,
            plane_use: self.plane_use,
            timing: self.timing,
            routing: self.routing.clone(),
            drop_after_ps: self.drop_after_ps,
        };
        for plane in 0..self.planes {
            for y in 0..self.height {
                for x in 0..self.width {
                    fabric.routers.push(Router { x, y, plane });
                }
            }
        }
        self.join_neighbours(&mut fabric);
        self.add_ports(&mut fabric);
        fabric.check()?;
        Ok(fabric)
    }

    fn join_neighbours(&self, fabric: &mut Fabric) {
        let tiles = self.width * self.height;
        for router in 0..fabric.routers.len() as u32 {
            let at = fabric.routers[router as usize];
            let place = |x: u32, y: u32| at.plane * tiles + y * self.width + x;
            let along_x = self
                .next(at.x, self.width)
                .map(|x| (place(x, at.y), direction::EAST, direction::WEST, self.crossing_x(at.x)));
            let along_y = self.next(at.y, self.height).map(|y| {
                (place(at.x, y), direction::NORTH, direction::SOUTH, self.crossing_y(at.y))
            });
            for (other, ahead, back, (class, timing)) in along_x.into_iter().chain(along_y) {
                // A flit sent east arrives at the neighbour's west side, and the other way round.
                let mut join = |from: u32, out: u32, to: u32| {
                    let side = out ^ 1;
                    fabric.links.push(Link {
                        from: End::Router { router: from, port: out },
                        to: End::Router { router: to, port: side },
                        class,
                        timing,
                        state: LinkState::Up,
                    });
                };
                join(router, ahead, other);
                join(other, back, router);
            }
        }
    }

    fn next(&self, at: u32, size: u32) -> Option<u32> {
        match self.wrap {
            _ if at + 1 < size => Some(at + 1),
            Wrap::Torus if size > 2 => Some(0),
            _ => None,
        }
    }

    fn crossing_x(&self, x: u32) -> (LinkClass, LinkTiming) {
        let mut link = (LinkClass::EastWest, self.east_west);
        for edge in self.edges.iter().filter(|e| e.every_x > 0 && (x + 1).is_multiple_of(e.every_x))
        {
            link = (edge.class, edge.timing);
        }
        link
    }

    fn crossing_y(&self, y: u32) -> (LinkClass, LinkTiming) {
        let mut link = (LinkClass::NorthSouth, self.north_south);
        for edge in self.edges.iter().filter(|e| e.every_y > 0 && (y + 1).is_multiple_of(e.every_y))
        {
            link = (edge.class, edge.timing);
        }
        link
    }

    fn add_ports(&self, fabric: &mut Fabric) {
        let tiles = self.width * self.height;
        let mut used = vec![direction::LOCAL; tiles as usize];
        for tile in 0..tiles {
            for _ in 0..self.cores_per_tile {
                self.add_port(fabric, &mut used, tile, LinkClass::Tile);
            }
        }
        for (x, y) in &self.hosts {
            self.add_port(fabric, &mut used, y * self.width + x, LinkClass::Host);
        }
    }

    fn add_port(&self, fabric: &mut Fabric, used: &mut [u32], tile: u32, class: LinkClass) {
        let id = PortId(fabric.ports.len() as u32);
        let slot = used[tile as usize];
        used[tile as usize] += 1;
        let mut port =
            Port { inject: Vec::new(), eject: Vec::new(), consumption: Consumption::Guaranteed };
        for plane in 0..self.planes {
            let router = plane * self.width * self.height + tile;
            let inner = End::Router { router, port: slot };
            let mut add = |from: End, to: End, timing: LinkTiming| {
                fabric.links.push(Link { from, to, class, timing, state: LinkState::Up });
                fabric.links.len() as u32 - 1
            };
            port.inject.push(add(End::Port(id), inner, self.inject));
            port.eject.push(add(inner, End::Port(id), self.eject));
        }
        fabric.ports.push(port);
    }
}
