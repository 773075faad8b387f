import BinaryIO
import Foundation
import Pipeline
import Synchronization
import TestSupport
import Testing

/// Steps of one run that go on at the same time, and what keeps them from it.
@Suite struct SideBySideTests {
    private let run: FakeRun
    private let base = FakeStep(id: "base")

    init() throws { run = try FakeRun() }

    /// Lets steps wait until so many of them run at once.
    private final class Meeting: Sendable {
        private let condition = NSCondition()
        private let counts = Mutex((now: 0, most: 0))
        private let wanted: Int

        init(_ wanted: Int) { self.wanted = wanted }

        var most: Int { counts.withLock { $0.most } }

        func attend() {
            condition.withLock {
                counts.withLock { ($0.now, $0.most) = ($0.now + 1, max($0.most, $0.now + 1)) }
                condition.broadcast()
                let deadline = Date() + 20
                while most < wanted, condition.wait(until: deadline) {}
                counts.withLock { $0.now -= 1 }
            }
        }
    }

    private func followers(_ meeting: Meeting) -> [FakeStep] {
        ["left", "right"].map { id in
            FakeStep(id: id, takes: [base], setting: id, word: id, meanwhile: { meeting.attend() })
        }
    }

    @Test func stepsThatNeedNothingOfEachOtherRunAtOnceWhereThereAreCores() throws {
        let meeting = Meeting(2)
        #expect(try run.run([base] + followers(meeting)) { $0.threads = 8 } == "done done done")
        #expect(meeting.most == 2)
    }

    @Test func fewCoresOrLittleMemoryRunThemOneAfterTheOther() throws {
        let few = Meeting(1)
        #expect(try run.run([base] + followers(few)) { $0.threads = 4 } == "done done done")
        #expect(few.most == 1)
        let little = Meeting(1)
        let status = try run.run([base] + followers(little)) {
            ($0.threads, $0.memoryLimit, $0.force) = (8, 1999, true)
        }
        #expect(status == "done done done" && little.most == 1)
    }

    @Test func aStepThatPublishesWaitsForEveryStepBeforeIt() throws {
        let ran = Mutexed<[String]>([])
        var slow = FakeStep(id: "slow", takes: [base], setting: "slow", word: "slow")
        slow.meanwhile = {
            Thread.sleep(forTimeInterval: 0.2)
            ran.change { $0.append("slow") }
        }
        let publish = FakeStep(
            id: "publish",
            takes: [base],
            makesFile: false,
            publishes: true,
            meanwhile: { ran.change { $0.append("publish") } }
        )
        #expect(try run.run([base, slow, publish]) { $0.threads = 8 } == "done done done")
        #expect(ran.value == ["slow", "publish"])
    }

    @Test func aStepThatFailsEndsThoseBesideItAndTheRunNamesIt() throws {
        struct Broken: Error {}
        let meeting = Meeting(2)
        var (bad, long) = (followers(meeting)[0], followers(meeting)[1])
        bad.meanwhile = {
            meeting.attend()
            throw Broken()
        }
        long.isLong = true
        let (broken, stopped) = (bad, long)
        let error = try #require(throws: PipelineError.self) {
            try run.run([base, stopped, broken]) { $0.threads = 8 }
        }
        #expect("\(error)".contains("'left'"), "\(error)")
        long.isLong = false
        #expect(try run.run([base, long]) { $0.threads = 8 } == "cached done", "it was stopped")
    }
}
