import BinaryIO
import Pipeline
import Steps

/// The time that the due nodes of a pipeline take on some machines, by their forecasts: each machine makes one node at
/// a time, then takes the next one in the order of the file whose inputs are ready. Slurm does the same with tasks that
/// take a whole machine.
package struct Schedule {
    /// The time from the start of the first task to the end of the last one.
    package let seconds: Double
    /// The sum over all tasks, each of which occupies a machine.
    package let machineSeconds: Double
    /// The most machines that work at the same time.
    package let mostAtWork: Int

    private struct Task {
        let seconds: Double
        /// The indices of the tasks whose products it takes.
        var inputs: Set<Int>
    }

    /// - Parameters:
    ///   - machines: at least one.
    ///   - overhead: the time of a task in addition to its work: to be scheduled, to start, to read the model's
    ///     headers.
    ///   - seconds: returns the time of a node's forecast.
    package init(
        of nodes: [PipelineTasks.Node],
        on machines: Int,
        overhead: Double = 0,
        seconds: (Forecast) -> Double
    ) {
        let due = nodes.filter(\.isDue)
        let numbers = Dictionary(uniqueKeysWithValues: due.enumerated().map { ($1.name, $0) })
        // Publishing is one task, which waits for all others.
        let arrays = due.indices.filter { !due[$0].publishes }
        var tasks = arrays.map { index in
            Task(
                seconds: overhead + seconds(due[index].forecast),
                inputs: Set(due[index].inputs.compactMap { numbers[$0] })
            )
        }
        let publishing = due.filter(\.publishes)
        if !publishing.isEmpty {
            let work = publishing.reduce(0) { $0 + seconds($1.forecast) }
            tasks.append(Task(seconds: overhead + work, inputs: Set(arrays)))
        }
        let indices = arrays + (publishing.isEmpty ? [] : [due.count])

        var waiting = Array(tasks.indices)
        var running: [(end: Double, task: Int)] = []
        var done: Set<Int> = []
        var now = 0.0
        var most = 0
        while !waiting.isEmpty || !running.isEmpty {
            for task in waiting where running.count < machines && tasks[task].inputs.isSubset(of: done) {
                running.append((now + tasks[task].seconds, task))
                waiting.removeAll { $0 == task }
            }
            most = max(most, running.count)
            guard let next = running.map(\.end).min() else { break }
            now = next
            for ended in running where ended.end <= now { done.insert(indices[ended.task]) }
            running.removeAll { $0.end <= now }
        }
        machineSeconds = tasks.reduce(0) { $0 + $1.seconds }
        (self.seconds, mostAtWork) = (now, most)
    }
}
