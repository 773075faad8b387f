import BinaryIO
import Cluster
import Pipeline
import Steps
import Testing

@Suite struct ScheduleTests {
    /// f16 of ten seconds, builds of four, a measurement of six for each, and publishing of a second for each.
    private func nodes(_ builds: Int, isDue: Bool = true) -> [PipelineTasks.Node] {
        func node(_ step: String, _ build: Int?, _ seconds: Double, _ inputs: [String]) -> PipelineTasks.Node {
            let name = build.map { "\(step)[\($0)]" } ?? step
            var forecast = Forecast(peakMemoryBytes: 1)
            (forecast.secondsLow, forecast.secondsHigh) = (seconds, 2 * seconds)
            return PipelineTasks.Node(
                name: name,
                step: step,
                kind: step,
                build: build.map { "\($0)" },
                key: SHA256Digest(of: name.utf8),
                inputs: inputs,
                isDue: isDue,
                publishes: step == "publish",
                forecast: forecast
            )
        }
        return [node("f16", nil, 10, [])] + (0..<builds).map { node("builds", $0, 4, ["f16"]) }
            + (0..<builds).map { node("quality", $0, 6, ["builds[\($0)]", "f16"]) }
            + (0..<builds).map { node("publish", $0, 1, ["quality[\($0)]"]) }
    }

    private func seconds(_ builds: Int, on machines: Int, overhead: Double = 0) -> Double {
        Schedule(of: nodes(builds), on: machines, overhead: overhead) { $0.secondsLow }.seconds
    }

    @Test func oneMachineTakesTheSumAndManyTheLongestPath() {
        #expect(seconds(8, on: 1) == 10 + 8 * (4 + 6) + 8)
        #expect(seconds(8, on: 8) == 10 + 4 + 6 + 8)
        #expect(seconds(8, on: 64) == seconds(8, on: 8), "more machines have nothing to do")
        #expect(Schedule(of: nodes(8), on: 64) { $0.secondsLow }.mostAtWork == 8)
        #expect(Schedule(of: nodes(8), on: 8) { $0.secondsHigh }.seconds == 2 * seconds(8, on: 8))
        #expect(seconds(8, on: 2) == 10 + 4 * (4 + 6) + 8)
        #expect(seconds(8, on: 8, overhead: 1) == seconds(8, on: 8) + 4, "four tasks lie behind each other")
    }

    @Test func moreMachinesHoldThemNoLonger() {
        for machines in [1, 8, 64] {
            let schedule = Schedule(of: nodes(8), on: machines, overhead: 1) { $0.secondsLow }
            #expect(schedule.machineSeconds == 11 + 8 * (5 + 7) + 9)
        }
    }

    @Test func moreMachinesAreNeverSlowerHere() {
        let all = (1...20).map { seconds(13, on: $0) }
        #expect(all == all.sorted(by: >))
    }

    @Test func nothingDueTakesNoTime() {
        let schedule = Schedule(of: nodes(3, isDue: false), on: 4, overhead: 1) { $0.secondsLow }
        #expect(schedule.seconds == 0 && schedule.mostAtWork == 0)
    }
}
