import Cluster
import Foundation
import Testing

@Suite struct SlurmAnswersTests {
    private func read<Answer: Decodable>(_ text: String) throws -> Answer {
        try JSONDecoder().decode(Answer.self, from: Data(text.utf8))
    }

    /// As Slurm 22.05 wrote it.
    @Test func plainNumbersAndWordsAreRead() throws {
        let queue: SlurmAnswers.Queue = try read(
            """
            {"errors": [], "jobs": [
              {"job_id": 7, "array_job_id": 5, "array_task_id": 2, "array_task_string": "", "job_state": "FAILED",
               "name": "x.s", "exit_code": 1792, "state_reason": "NonZeroExitCode"},
              {"job_id": 5, "array_job_id": 5, "array_task_id": null, "array_task_string": "0-1,4%2", "job_state": "PENDING",
               "name": "x.s", "exit_code": 0, "state_reason": "Dependency"},
              {"job_id": 9, "array_job_id": 0, "array_task_id": null, "array_task_string": "", "job_state": "RUNNING",
               "name": "other", "exit_code": 0, "state_reason": "None"}]}
            """
        )
        #expect(queue.jobs.map(\.array) == [5, 5, 9] && queue.jobs.map(\.tasks) == [[2], [0, 1, 4], [0]])
        #expect(queue.jobs.map(\.exit_code?.value) == [7, 0, 0] && queue.jobs.map(\.isActive) == [false, true, true])
        let machines: SlurmAnswers.Machines = try read(
            #"{"nodes": [{"name": "node1", "real_memory": 4000, "cpus": 2, "partitions": ["all"], "state": "idle"}]}"#
        )
        #expect(machines.nodes[0].real_memory.value == 4000 && machines.nodes[0].partitions == ["all"])
    }

    /// As Slurm 23.11 and later write it.
    @Test func wrappedNumbersAndListsAreRead() throws {
        let queue: SlurmAnswers.Queue = try read(
            """
            {"jobs": [{"job_id": 7, "array_job_id": {"set": true, "infinite": false, "number": 5},
              "array_task_id": {"set": true, "infinite": false, "number": 2}, "array_task_string": "",
              "job_state": ["FAILED", "REQUEUED"], "name": "x.s", "state_reason": "None",
              "exit_code": {"status": ["ERROR"], "return_code": {"set": true, "infinite": false, "number": 2}}}]}
            """
        )
        #expect(queue.jobs[0].array == 5 && queue.jobs[0].tasks == [2] && queue.jobs[0].exit_code?.value == 2)
        let machines: SlurmAnswers.Machines = try read(
            """
            {"nodes": [{"name": "n", "real_memory": {"set": true, "number": 9}, "cpus": {"set": false}, "partitions": [],
              "state": ["IDLE", "DRAIN"]}]}
            """
        )
        #expect(machines.nodes[0].cpus.value == nil && machines.nodes[0].real_memory.value == 9)
    }

    @Test func numbersOfTasksThatMakeNoSenseAreLeftOut() {
        #expect(SlurmAnswers.Job.numbers("3-1,x,7,0-99999999999,2-3") == [7, 2, 3])
        #expect(SlurmAnswers.Job.numbers("") == [])
    }
}
