import DeviceFit

/// Digests, licences, versions, signatures, and the history of the channels.
struct ProvenanceSection {
    let report: ModelReport
    let language: Language

    var section: ReportPage.Section {
        let say = language.say
        return ReportPage.Section(
            id: "provenance",
            title: say("Provenance", "Данные о выпуске"),
            blocks: [.table(facts), .heading(say("Files", "Файлы")), .table(files)]
                + [.heading(say("Signatures", "Подписи"))] + signatures
                + [.heading(say("Channels", "Каналы"))] + channels
        )
    }

    /// The value that all builds share, or each distinct value.
    private var facts: ReportPage.Table {
        let say = language.say
        let unknown = say("not recorded", "не записано")
        func all(_ value: (ReportedBuild) -> String?) -> [String] {
            var values: [String] = []
            for build in report.builds {
                if let value = value(build), !values.contains(value) { values.append(value) }
            }
            return values
        }
        let rows: [(String, [String], Bool)] = [
            (say("Source", "Источник"), all(\.source), true),
            (say("SHA-256 of the source", "SHA-256 источника"), all(\.sourceDigest), true),
            (say("Licence", "Лицензия"), all(\.license), false),
            (say("SHA-256 of the pipeline", "SHA-256 конвейера"), all(\.pipelineDigest), true),
            (say("Made by", "Сделано"), all { "edgepipe \($0.toolVersion)" }, false),
            (say("Published", "Опубликовано"), all(\.publishedAt), false),
        ]
        return ReportPage.Table(
            caption: say("What is known of this version", "Что известно об этой версии"),
            columns: [say("What", "Что"), say("Value", "Значение")],
            rows: rows.map { name, values, isCode in
                let words = values.isEmpty ? unknown : values.joined(separator: ", ")
                return [.text(name), isCode && !values.isEmpty ? .code(words) : .text(words)]
            }
        )
    }

    private var files: ReportPage.Table {
        let say = language.say
        return ReportPage.Table(
            caption: say("Files of this version", "Файлы этой версии"),
            columns: [
                say("Build", "Сборка"), say("Bytes", "Байт"), say("Stored", "Хранится"), "SHA-256",
            ],
            rows: report.builds.map { build in
                [
                    .text(build.type), .number("\(build.fileBytes)"), .number("\(ByteSize(bytes: build.storedBytes))"),
                    .code(build.digest),
                ]
            }
        )
    }

    private var signatures: [ReportPage.Block] {
        let say = language.say
        let rows = report.builds.flatMap { build in
            build.signatures.map { [ReportPage.Cell.text(build.type), .text($0.at), .code($0.key)] }
        }
        guard !rows.isEmpty else {
            return [
                .prose(say("No build of this version is signed.", "Ни одна сборка этой версии не подписана."))
            ]
        }
        return [
            .table(
                ReportPage.Table(
                    caption: say("Signatures", "Подписи"),
                    columns: [say("Build", "Сборка"), say("At", "Когда"), say("SHA-256 of the key", "SHA-256 ключа")],
                    rows: rows
                )
            ),
            .prose(
                say(
                    "Recorded in the registry's audit log; this page does not verify them. `edgepipe pull --key` does.",
                    "Записано в журнале реестра; эта страница их не проверяет. Проверяет `edgepipe pull --key`."
                )
            ),
        ]
    }

    private var channels: [ReportPage.Block] {
        let say = language.say
        guard let moves = report.moves else {
            let words = say(
                "This registry is from an older edgepipe, which did not keep what is asked here. `edgepipe registry init` brings it up to date.",
                "Реестр создан более старым edgepipe, который этого не хранил. `edgepipe registry init` обновит его."
            )
            return [.prose(words)]
        }
        guard !moves.isEmpty else {
            return [
                .prose(say("No channel has ever pointed to it.", "Ни один канал на неё не указывал."))
            ]
        }
        return [
            .table(
                ReportPage.Table(
                    caption: say(
                        "Moves of channels to and from this version",
                        "Переходы каналов на эту версию и с неё"
                    ),
                    columns: [
                        say("Channel", "Канал"), say("At", "Когда"), say("From", "С"), say("To", "На"),
                        say("Who", "Кто"), say("Why", "Почему"),
                    ],
                    rows: moves.map { move in
                        [
                            .text(move.channel), .text(move.at), .text(move.from ?? "–"), .text(move.to),
                            .text(move.who.isEmpty ? "–" : move.who), .text(move.why.isEmpty ? "–" : move.why),
                        ]
                    }
                )
            )
        ]
    }
}
