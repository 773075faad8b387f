import Synchronization

extension Array where Element: Sendable {
    /// What `transform` makes of each element, in order, on up to `threads` threads.
    /// - Throws: the error of the first element that failed, by its place; those behind it may have been done or not.
    package func concurrentMap<Result: Sendable>(
        threads: Int,
        _ transform: @Sendable (Element) throws -> Result
    ) throws -> [Result] {
        let results = Mutex([Result?](repeating: nil, count: count))
        try Workers(count: threads).forEach(count, scratch: {}) { _, index in
            let result = try transform(self[index])
            results.withLock { $0[index] = result }
        }
        return results.withLock { $0 }.compactMap { $0 }
    }
}
