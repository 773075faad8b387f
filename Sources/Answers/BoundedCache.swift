import Synchronization

/// Values that are worth keeping, up to a number of them; several threads may use it at once.
package final class BoundedCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private let limit: Int
    private let known = Mutex<[Key: Value]>([:])

    package init(limit: Int) { self.limit = limit }

    package subscript(key: Key) -> Value? { known.withLock { $0[key] } }

    /// Keeps a value. A full cache begins anew: what is asked for again is soon there again.
    package func keep(_ value: Value, for key: Key) {
        known.withLock { known in
            if known.count >= limit, known[key] == nil { known.removeAll(keepingCapacity: true) }
            known[key] = value
        }
    }

    /// The value that is known, or the one that `make` gives. Two threads may both make it; no thread waits for another.
    package func value(for key: Key, make: () throws -> Value) rethrows -> Value {
        if let known = self[key] { return known }
        let value = try make()
        keep(value, for: key)
        return value
    }
}
