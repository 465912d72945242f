//! Vertices by score, so that the highest is found without looking at all.

/// How many steps of score are told apart; the order inside one is the reader's matter.
const STEPS: usize = 512;

/// The vertex is in no bucket.
const NOWHERE: u32 = u32::MAX;

/// Vertices in buckets of like score: what stands in a higher bucket has the higher score.
pub(super) struct Buckets {
    buckets: Vec<Vec<u32>>,
    /// Per vertex its bucket and its place there.
    places: Vec<Place>,
    /// No bucket above this one holds anything.
    top: usize,
}

#[derive(Clone, Copy)]
struct Place {
    bucket: u32,
    at: u32,
}

impl Buckets {
    /// Empty buckets for vertices 0 to `vertices` - 1.
    pub(super) fn new(vertices: usize) -> Self {
        let nowhere = Place { bucket: NOWHERE, at: 0 };
        Self { buckets: vec![Vec::new(); STEPS], places: vec![nowhere; vertices], top: 0 }
    }

    /// Whether the vertex stands in a bucket.
    pub(super) fn holds(&self, v: u32) -> bool {
        self.places[v as usize].bucket != NOWHERE
    }

    /// Puts a vertex where its score belongs: from 0 to 1, what lies outside goes to the ends.
    pub(super) fn put(&mut self, v: u32, score: f64) {
        let bucket = ((score * STEPS as f64) as usize).min(STEPS - 1);
        if self.places[v as usize].bucket == bucket as u32 {
            return;
        }
        self.remove(v);
        let at = self.buckets[bucket].len() as u32;
        self.places[v as usize] = Place { bucket: bucket as u32, at };
        self.buckets[bucket].push(v);
        self.top = self.top.max(bucket);
    }

    /// Takes a vertex out, if it is in.
    pub(super) fn remove(&mut self, v: u32) {
        let place = std::mem::replace(&mut self.places[v as usize].bucket, NOWHERE);
        let Some(bucket) = self.buckets.get_mut(place as usize) else {
            return;
        };
        let at = self.places[v as usize].at;
        bucket.swap_remove(at as usize);
        if let Some(&moved) = bucket.get(at as usize) {
            self.places[moved as usize].at = at;
        }
    }

    /// Forgets the empty buckets at the top.
    pub(super) fn settle(&mut self) {
        while self.top > 0 && self.buckets[self.top].is_empty() {
            self.top -= 1;
        }
    }

    /// The buckets that hold something, highest first.
    pub(super) fn downwards(&self) -> impl Iterator<Item = &[u32]> {
        self.buckets[..=self.top].iter().rev().map(Vec::as_slice).filter(|b| !b.is_empty())
    }

    /// Takes all vertices out.
    pub(super) fn clear(&mut self) {
        for bucket in &mut self.buckets[..=self.top] {
            for v in bucket.drain(..) {
                self.places[v as usize].bucket = NOWHERE;
            }
        }
        self.top = 0;
    }
}
