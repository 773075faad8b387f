import BinaryIO
import Pipeline
import Steps

/// How long the due nodes of a pipeline take on some machines, by their forecasts: each machine makes one node at a time, and takes the next one
/// in the order of the file whose inputs are there. So does Slurm with tasks that take a whole machine.
package struct Schedule {
    /// From the first task's begin to the last one's end.
    package let seconds: Double
    /// The sum over all tasks, each of which holds a machine.
    package let machineSeconds: Double
    /// Machines that had something to do at one time.
    package let mostAtWork: Int

    private struct Task {
        let seconds: Double
        /// Indices of tasks whose products it takes.
        var inputs: Set<Int>
    }

    /// - Parameters:
    ///   - machines: at least one.
    ///   - overhead: what a task takes beside its work: to be scheduled, to start, to read the model's headers.
    ///   - seconds: of a node's forecast.
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
