import Synchronization

/// A cache of up to a number of values, safe for concurrent use.
package final class BoundedCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private let limit: Int
    private let known = Mutex<[Key: Value]>([:])

    package init(limit: Int) { self.limit = limit }

    package subscript(key: Key) -> Value? { known.withLock { $0[key] } }

    /// Stores a value. A full cache is emptied first: values that are needed again are soon back.
    package func keep(_ value: Value, for key: Key) {
        known.withLock { known in
            if known.count >= limit, known[key] == nil { known.removeAll(keepingCapacity: true) }
            known[key] = value
        }
    }

    /// Returns the cached value, or the one that `make` returns. Two threads may both make it; neither waits for the
    /// other.
    package func value(for key: Key, make: () throws -> Value) rethrows -> Value {
        if let known = self[key] { return known }
        let value = try make()
        keep(value, for: key)
        return value
    }
}
