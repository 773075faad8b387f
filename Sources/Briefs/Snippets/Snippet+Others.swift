extension Snippet {
    /// Kotlin code for llama.cpp's Android library, package com.arm.aichat.
    var kotlin: String {
        """
        import android.content.ComponentCallbacks2
        import android.content.Context
        import android.os.PowerManager
        import com.arm.aichat.AiChat
        import com.arm.aichat.InferenceEngine
        import kotlinx.coroutines.flow.takeWhile

        /** \(name) on this device. \(hasTemplate ? "The file brings its own chat template." : "The file has no chat template.") */
        class LocalModel(private val context: Context) : ComponentCallbacks2 {
            private val engine: InferenceEngine = AiChat.getInferenceEngine(context)
            private val power = context.getSystemService(PowerManager::class.java)

            // The library's native part sets DEFAULT_CONTEXT_SIZE and BATCH_SIZE (ai_chat.cpp): build it with \(context) and \(batch)
            // for this build, and with a cache of \(cacheType).
            suspend fun load(path: String) {
                context.registerComponentCallbacks(this)
                engine.loadModel(path)
            }

            /** Answers end by themselves\(stopTokens.isEmpty ? "" : " at " + namedStops), or where the phone gets too hot. */
            suspend fun answer(question: String, onText: (String) -> Unit) {
                engine.sendUserPrompt(question, predictLength = 256)
                    .takeWhile { power.currentThermalStatus < PowerManager.THERMAL_STATUS_SEVERE }
                    .collect { onText(it) }
            }

            override fun onTrimMemory(level: Int) {
                // In the background the model is the first thing to go; load it again with the next task.
                if (level >= ComponentCallbacks2.TRIM_MEMORY_BACKGROUND) engine.cleanUp()
            }

            override fun onConfigurationChanged(newConfig: android.content.res.Configuration) {}

            @Deprecated("Deprecated in Java")
            override fun onLowMemory() = engine.cleanUp()
        }
        """
    }

    /// JavaScript code for llama.rn.
    var reactNative: String {
        """
        import { AppState } from 'react-native'
        import { initLlama, releaseAllLlama, type LlamaContext } from 'llama.rn'

        // \(name) on this device. \(hasTemplate ? "The file brings its own chat template." : "The file has no chat template.")
        let context: LlamaContext | null = null

        export async function load(path: string) {
          context = await initLlama({
            model: path,
            n_ctx: \(context),
            n_batch: \(batch),
            n_ubatch: \(batch),
            cache_type_k: '\(cacheType)',
            cache_type_v: '\(cacheType)',
            n_gpu_layers: 99,
            use_mmap: true,
          })
        }

        export async function answer(question: string, onText: (text: string) => void) {
          if (!context) throw new Error('load the model first')
          return context.completion(
            {
              messages: [{ role: 'user', content: question }],
              n_predict: 256,
              stop: [\(stopTokens.map(\.jsonLiteral).joined(separator: ", "))],
            },
            (data) => onText(data.token),
          )
        }

        // Short tasks keep the phone cool. On a memory warning, or when a module that reads the thermal state says "serious" (iOS) or
        // SEVERE (Android): stop, and let the model go.
        AppState.addEventListener('memoryWarning', async () => {
          await context?.stopCompletion()
          await releaseAllLlama()
          context = null
        })
        """
    }

    /// Dart code for fllama.
    var flutter: String {
        """
        import 'package:fllama/fllama.dart';
        import 'package:flutter/widgets.dart';

        /// \(name) on this device. \(hasTemplate ? "The file brings its own chat template." : "The file has no chat template.")
        class LocalModel with WidgetsBindingObserver {
          LocalModel(this.path) {
            WidgetsBinding.instance.addObserver(this);
          }

          final String path;
          int? _running;

          /// Answers end by themselves\(stopTokens.isEmpty ? "" : " at " + namedStops). The batch is the package's own; this build was
          /// measured with \(batch) tokens and a cache of \(cacheType).
          Future<void> answer(String question, void Function(String text, bool done) onText) async {
            final request = OpenAiRequest(
              modelPath: path,
              contextSize: \(context),
              maxTokens: 256,
              numGpuLayers: 99,
              temperature: 0.7,
              topP: 0.9,
              messages: [Message(Role.user, question)],
            );
            _running = await fllamaChat(request, (response, json, done) => onText(response, done));
          }

          // Also when a plugin that reads the thermal state says "serious" (iOS) or SEVERE (Android).
          @override
          void didHaveMemoryPressure() {
            final running = _running;
            if (running != null) fllamaCancelInference(running);
          }
        }
        """
    }
}
