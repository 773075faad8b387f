import Synchronization

extension Array where Element: Sendable {
    /// The results of `transform` for all elements, in order, computed on up to `threads` threads.
    /// - Throws: the error of the first element that failed, in the order of the elements; later elements may or may
    ///   not have been transformed.
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
