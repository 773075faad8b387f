import BinaryIO
import Foundation
import Pipeline
import SystemPackage
import TestSupport
import Testing

/// Two runs with one cache.
@Suite struct NodeClaimsTests {
    private let run: FakeRun

    init() throws { run = try FakeRun() }

    /// Runs a step in a second run while the first one is making it.
    private func secondRun(
        of step: FakeStep,
        _ change: @escaping @Sendable (inout RunOptions) -> Void = { _ in }
    ) throws -> (first: String, second: String, remarks: [String]) {
        let remarks = Mutexed<[String]>([])
        let (isMaking, isWaiting) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let second = Mutexed<Result<String, any Error>>(.success(""))
        let ended = DispatchSemaphore(value: 0)
        let isFirst = Mutexed(true)
        var step = step
        step.meanwhile = {
            var isOther = false
            isFirst.change { (isOther, $0) = (!$0, false) }
            if isOther { return }
            isMaking.signal()
            _ = isWaiting.wait(timeout: .now() + 20)
        }
        let shared = step
        var other = run
        other.report = { event in
            guard event.event == .remark else { return }
            remarks.change { $0.append(event.detail ?? "") }
            isWaiting.signal()
        }
        Thread.detachNewThread { [other] in
            isMaking.wait()
            let result = Result { try other.run([shared], change) }
            second.change { $0 = result }
            ended.signal()
        }
        let first = try run.run([step])
        ended.wait()
        return (first, try second.value.get(), remarks.value)
    }

    @Test func aRunWaitsForWhatAnotherIsMakingAndTakesIt() throws {
        let step = FakeStep(id: "step", builds: ["a", "b"])
        let (first, second, remarks) = try secondRun(of: step)
        #expect(first == "done" && second == "cached")
        #expect(step.ran.batches.count == 1)
        let process = ProcessInfo.processInfo.processIdentifier
        let words = "another run (process \(process)) is making it"
        #expect(remarks.count == 1 && remarks[0].contains(words), "\(remarks)")
    }

    @Test func aForcedRunWaitsAndMakesItAgain() throws {
        let step = FakeStep(id: "step")
        let (first, second, _) = try secondRun(of: step) { $0.force = true }
        #expect(first == "done" && second == "done" && step.ran.batches.count == 2)
    }

    @Test func runsWithoutACacheMeetInTheirWorkFolder() throws {
        let step = FakeStep(id: "step")
        let run = run
        let waited = Mutexed(false)
        var outer = step
        outer.meanwhile = {
            // A claim is there while the step runs, and nobody else's.
            let claims = try FileManager.default.contentsOfDirectory(
                atPath: run.scratch.appending("work/making").string
            )
            waited.change { $0 = claims == ["\(step.nodes[0].key.digest)"] }
        }
        #expect(try run.run([outer]) { $0.cache.mode = .off } == "done")
        #expect(waited.value)
        let left = try FileManager.default.contentsOfDirectory(atPath: run.scratch.appending("work/making").string)
        #expect(left.isEmpty)
    }

    @Test func aClaimOfAProcessThatIsGoneIsTakenOver() throws {
        let step = FakeStep(id: "step", setting: "its own")
        try run.run([FakeStep(id: "other")])
        let name = try #require(
            FileManager.default.contentsOfDirectory(atPath: run.folder.root.appending("seen").string).first,
            "the machine's name"
        )
        // Above the largest process id of Linux and of macOS.
        let claim = run.folder.root.appending("making/\(step.nodes[0].key.digest)")
        try writeFile("\(name) 2000000000 left-behind\n".utf8, to: claim)
        #expect(try run.run([step]) == "done")
        #expect(FileStatus(claim) == nil)
    }

    /// A folder has the claim's name, which no run reads, makes or writes: the run waits, and does not look without a pause.
    @Test func aClaimThatCannotBeReadIsWaitedFor() throws {
        let (run, step) = (run, FakeStep(id: "step"))
        let claim = run.folder.root.appending("making/\(step.nodes[0].key.digest)")
        try FileManager.default.createDirectory(atPath: claim.string, withIntermediateDirectories: true)
        let began = Date()
        Thread.detachNewThread {
            Thread.sleep(forTimeInterval: 0.5)
            try? FileManager.default.removeItem(atPath: claim.string)
        }
        #expect(try run.run([step]) == "done")
        #expect(Date().timeIntervalSince(began) >= 0.5 && step.ran.batches.count == 1)
    }

    @Test func filesKeepTheirNamesWhileTheyAreMadeAgain() throws {
        let (run, step) = (run, FakeStep(id: "step"))
        try run.run([step])
        var again = step
        again.meanwhile = {
            let word = try readFile(run.name(of: step), limit: 100)
            #expect(word == Array("word ".utf8))
        }
        #expect(try run.run([again]) { $0.force = true } == "done")
        #expect(try readFile(run.name(of: step), limit: 100) == Array("word ".utf8))
    }
}
