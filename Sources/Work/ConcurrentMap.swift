import Dispatch
import Synchronization

extension Array where Element: Sendable {
    /// What `transform` makes of each element, in order, on up to `threads` threads.
    /// - Throws: the error of the first element that failed, by its place; the others may have been done or not.
    package func concurrentMap<Result: Sendable>(
        threads: Int,
        _ transform: @Sendable (Element) throws -> Result
    ) throws -> [Result] {
        let next = Atomic(0)
        let results = Mutex([Swift.Result<Result, any Error>?](repeating: nil, count: count))
        DispatchQueue.concurrentPerform(iterations: Swift.max(1, Swift.min(threads, count))) { _ in
            while true {
                let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard index < count else { return }
                let result = Swift.Result { try transform(self[index]) }
                results.withLock { $0[index] = result }
            }
        }
        return try results.withLock { $0 }.compactMap { try $0?.get() }
    }
}
