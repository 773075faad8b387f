import DeviceFit

/// The types of the focused build's tensors, layer by layer, and the error of each if it was measured.
struct TensorSection {
    let report: ModelReport
    let language: Language

    private var tensors: [ReportedTensor] { report.tensors }

    var section: ReportPage.Section {
        let say = language.say
        var blocks: [ReportPage.Block] = [.prose(introduction), .table(types)]
        if tensors.contains(where: { $0.layer != nil }) {
            blocks += [.heading(say("In the layers", "В слоях")), .heatMap(layers)]
        }
        if tensors.contains(where: { $0.layer == nil }) {
            blocks += [.heading(say("Outside of the layers", "Вне слоёв")), .table(outside)]
        }
        return ReportPage.Section(
            id: "tensors",
            title: say("Tensors of \(report.focus)", "Тензоры \(report.focus)"),
            blocks: blocks
        )
    }

    private var introduction: String {
        let types = language.say(
            "The types are those of the file's header. The more bits, the cooler the colour.",
            "Типы взяты из заголовка файла. Чем больше бит, тем холоднее цвет."
        )
        let conditions: TensorErrorConditions
        switch report.errors {
        case .divergence(let own): conditions = own
        case .predicted(let recipe): return types + " " + words(on: recipe)
        case .relative:
            return types
                + language.say(
                    " The small number and the bar are the error: the root mean square of what quantizing changed, against that of the tensor's own weights, as the quantizer noted it. The bar is logarithmic. What it costs in quality, `edgepipe sensitivity` with --registry measures.",
                    " Малое число и полоса — ошибка: среднеквадратичное изменение при квантовании относительно самих весов тензора, как его записал квантователь. Полоса логарифмическая. Чего это стоит в качестве, измеряет `edgepipe sensitivity` с --registry."
                )
        case .unknown:
            return types
                + language.say(
                    " The quantization error of single tensors was not measured: `edgepipe sensitivity` with --registry stores it.",
                    " Ошибка квантования отдельных тензоров не измерена: её сохраняет `edgepipe sensitivity` с --registry."
                )
        }
        let whose =
            conditions.isOfThisBuild
            ? language.say("each tensor of this build alone", "каждого тензора этой сборки в отдельности")
            : language.say(
                "each tensor alone in the same type, as another build measured it",
                "каждого тензора в отдельности в том же типе, по измерению другой сборки"
            )
        return types
            + language.say(
                " The small number and the bar are the error: mean KL divergence, in nats a token, of \(whose); \(conditions.chunks) chunks of \(conditions.context) tokens of the text \(conditions.text.shortDigest), \(conditions.kernels), edgepipe \(conditions.toolVersion). The bar is logarithmic. A tensor without a number was not measured.",
                " Малое число и полоса — ошибка: среднее KL-расхождение, нат на токен, \(whose); фрагментов: \(conditions.chunks), по \(conditions.context) токенов, текст \(conditions.text.shortDigest), \(conditions.kernels), edgepipe \(conditions.toolVersion). Полоса логарифмическая. Тензор без числа не измерен."
            )
    }

    private func words(on recipe: ReportedRecipe) -> String {
        let size = ByteSize(bytes: recipe.budgetBytes)
        let predicted = significant(recipe.predictedKld, 3)
        let preset = recipe.preset.map { preset in
            let lost = significant(preset.predictedKld, 3)
            return language.say(
                " The best preset of at most this size, \(preset.type), was predicted to lose \(lost).",
                " Для лучшего готового набора не больше этого размера, \(preset.type), предсказано \(lost)."
            )
        }
        return language.say(
            "A recipe chose them for the least divergence in \(size), among the types `\(recipe.ladder)`: it predicted \(predicted) nats a token.",
            "Их выбрал рецепт с наименьшим расхождением в \(size) среди типов `\(recipe.ladder)`: предсказано \(predicted) нат на токен."
        ) + (preset ?? "")
            + language.say(
                " The small number and the bar are each tensor's part of the prediction. The bar is logarithmic.",
                " Малое число и полоса — доля тензора в предсказании. Полоса логарифмическая."
            )
    }

    private var types: ReportPage.Table {
        let say = language.say
        let all = max(1, tensors.reduce(0) { $0 + $1.bytes })
        let groups = Dictionary(grouping: tensors, by: \.type).map { type, tensors in
            (
                type: type, bits: tensors[0].bitsPerWeight, count: tensors.count,
                bytes: tensors.reduce(0) { $0 + $1.bytes }
            )
        }.sorted { ($0.bytes, $0.type) > ($1.bytes, $1.type) }
        return ReportPage.Table(
            caption: say("Types in this build", "Типы в этой сборке"),
            columns: [
                say("Type", "Тип"), say("Bits a weight", "Бит на вес"), say("Tensors", "Тензоров"),
                say("Bytes", "Байт"), say("Share", "Доля"),
            ],
            rows: groups.map { group in
                [
                    .text(group.type), .number(number(group.bits, 2)), .number("\(group.count)"),
                    .number("\(ByteSize(bytes: group.bytes))"),
                    .number(number(Double(group.bytes) / Double(all) * 100, 1) + " %"),
                ]
            }
        )
    }

    private var layers: HeatMap {
        let inside = tensors.filter { $0.layer != nil }
        var roles: [String] = []
        for tensor in inside where !roles.contains(tensor.role) { roles.append(tensor.role) }
        let rows = Dictionary(grouping: inside) { $0.layer ?? 0 }
        let errors = inside.compactMap(\.error).filter { $0 > 0 }
        let scale = ErrorScale(least: errors.min() ?? 1, most: errors.max() ?? 1)
        return HeatMap(
            caption: language.say(
                "Type of each tensor, by layer and role",
                "Тип каждого тензора по слоям и ролям"
            ),
            corner: language.say("Layer", "Слой"),
            columns: roles,
            rows: rows.keys.sorted().map { layer in
                (
                    "\(layer)",
                    roles.map { role in
                        rows[layer]?.first { $0.role == role }.map { tensor in
                            HeatMap.Cell(
                                type: tensor.type,
                                level: Self.level(tensor.bitsPerWeight),
                                error: tensor.error.map { significant($0, 2) },
                                share: tensor.error.map(scale.share) ?? 0
                            )
                        }
                    }
                )
            }
        )
    }

    private var outside: ReportPage.Table {
        let say = language.say
        return ReportPage.Table(
            caption: say("Tensors outside of the layers", "Тензоры вне слоёв"),
            columns: [
                say("Tensor", "Тензор"), say("Type", "Тип"), say("Bits a weight", "Бит на вес"), say("Bytes", "Байт"),
                isRelative
                    ? say("Error, relative", "Ошибка, относительная")
                    : say("Error, nats a token", "Ошибка, нат на токен"),
            ],
            rows: tensors.filter { $0.layer == nil }.map { tensor in
                [
                    .code(tensor.role), .text(tensor.type), .number(number(tensor.bitsPerWeight, 2)),
                    .number("\(ByteSize(bytes: tensor.bytes))"),
                    .number(tensor.error.map { significant($0, 2) } ?? say("not measured", "не измерена")),
                ]
            }
        )
    }

    private var isRelative: Bool { if case .relative = report.errors { true } else { false } }

    /// The colour of a type, from 1 for two bits or less to 9 for 32.
    static func level(_ bits: Double) -> Int {
        1 + [2.2, 2.8, 3.7, 4.7, 5.7, 7, 10, 20].filter { bits > $0 }.count
    }
}

/// Errors of one model span several powers of ten, so a bar's length is logarithmic.
struct ErrorScale {
    let least: Double
    let most: Double

    /// The length of a bar, from 0.05 for the least error to 1 for the greatest.
    func share(_ value: Double) -> Double {
        guard value > 0, most > least else { return value >= most ? 1 : 0.05 }
        return max(0.05, min(1, Self.log2(value / least) / Self.log2(most / least)))
    }

    /// The approximate logarithm, which is precise enough for a bar.
    private static func log2(_ value: Double) -> Double {
        guard value.isFinite, value > 0 else { return 0 }
        // The linear approximation of the fraction's logarithm is off by at most 0.09.
        return Double(value.exponent) + (value.significand - 1)
    }
}
