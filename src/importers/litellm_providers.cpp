#include "importers/litellm_providers.hpp"

#include <algorithm>
#include <array>

namespace fluxgate::importers {
namespace {

using enum Speaks;

constexpr std::array kProviders{
    LiteLlmProvider{"openai", kOpenAi, "", "OPENAI_API_KEY"},
    LiteLlmProvider{"text-completion-openai", kOpenAi, "", "OPENAI_API_KEY"},
    LiteLlmProvider{"custom_openai", kCompatible, "", "OPENAI_API_KEY"},
    LiteLlmProvider{"openai_like", kCompatible, "", "OPENAI_LIKE_API_KEY"},
    LiteLlmProvider{"litellm_proxy", kCompatible, "", "LITELLM_PROXY_API_KEY"},
    LiteLlmProvider{"groq", kCompatible, "https://api.groq.com/openai/v1", "GROQ_API_KEY"},
    LiteLlmProvider{"together_ai", kCompatible, "https://api.together.xyz/v1", "TOGETHER_API_KEY"},
    LiteLlmProvider{"fireworks_ai", kCompatible, "https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY"},
    LiteLlmProvider{"deepseek", kCompatible, "https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"},
    LiteLlmProvider{"mistral", kCompatible, "https://api.mistral.ai/v1", "MISTRAL_API_KEY"},
    LiteLlmProvider{"codestral", kCompatible, "https://codestral.mistral.ai/v1", "CODESTRAL_API_KEY"},
    LiteLlmProvider{"openrouter", kCompatible, "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"},
    LiteLlmProvider{"xai", kCompatible, "https://api.x.ai/v1", "XAI_API_KEY"},
    LiteLlmProvider{"perplexity", kCompatible, "https://api.perplexity.ai", "PERPLEXITYAI_API_KEY"},
    LiteLlmProvider{"cerebras", kCompatible, "https://api.cerebras.ai/v1", "CEREBRAS_API_KEY"},
    LiteLlmProvider{"sambanova", kCompatible, "https://api.sambanova.ai/v1", "SAMBANOVA_API_KEY"},
    LiteLlmProvider{"nvidia_nim", kCompatible, "https://integrate.api.nvidia.com/v1", "NVIDIA_NIM_API_KEY"},
    LiteLlmProvider{"deepinfra", kCompatible, "https://api.deepinfra.com/v1/openai", "DEEPINFRA_API_KEY"},
    LiteLlmProvider{"moonshot", kCompatible, "https://api.moonshot.ai/v1", "MOONSHOT_API_KEY"},
    LiteLlmProvider{"volcengine", kCompatible, "https://ark.cn-beijing.volces.com/api/v3", "VOLCENGINE_API_KEY"},
    LiteLlmProvider{"dashscope", kCompatible, "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
                    "DASHSCOPE_API_KEY"},
    LiteLlmProvider{"ai21_chat", kCompatible, "https://api.ai21.com/studio/v1", "AI21_API_KEY"},
    LiteLlmProvider{"meta_llama", kCompatible, "https://api.llama.com/compat/v1", "LLAMA_API_KEY"},
    LiteLlmProvider{"friendliai", kCompatible, "https://api.friendli.ai/serverless/v1", "FRIENDLI_TOKEN"},
    LiteLlmProvider{"galadriel", kCompatible, "https://api.galadriel.com/v1", "GALADRIEL_API_KEY"},
    LiteLlmProvider{"github", kCompatible, "https://models.inference.ai.azure.com", "GITHUB_API_KEY"},
    LiteLlmProvider{"empower", kCompatible, "https://app.empower.dev/api/v1", "EMPOWER_API_KEY"},
    LiteLlmProvider{"nebius", kCompatible, "https://api.studio.nebius.ai/v1", "NEBIUS_API_KEY"},
    LiteLlmProvider{"novita", kCompatible, "https://api.novita.ai/v3/openai", "NOVITA_API_KEY"},
    LiteLlmProvider{"hosted_vllm", kCompatible},
    LiteLlmProvider{"vllm", kCompatible},
    LiteLlmProvider{"lm_studio", kCompatible},
    LiteLlmProvider{"llamafile", kCompatible, "http://127.0.0.1:8080/v1"},
    LiteLlmProvider{"ollama", kOllama, "http://127.0.0.1:11434"},
    LiteLlmProvider{"ollama_chat", kOllama, "http://127.0.0.1:11434"},
    LiteLlmProvider{"azure", kAzure, "", "AZURE_API_KEY"},
    LiteLlmProvider{"anthropic"},
    LiteLlmProvider{"anthropic_text"},
    LiteLlmProvider{"gemini"},
    LiteLlmProvider{"vertex_ai"},
    LiteLlmProvider{"vertex_ai_beta"},
    LiteLlmProvider{"palm"},
    LiteLlmProvider{"bedrock"},
    LiteLlmProvider{"bedrock_converse"},
    LiteLlmProvider{"sagemaker"},
    LiteLlmProvider{"sagemaker_chat"},
    LiteLlmProvider{"azure_ai"},
    LiteLlmProvider{"azure_text"},
    LiteLlmProvider{"cohere"},
    LiteLlmProvider{"cohere_chat"},
    LiteLlmProvider{"replicate"},
    LiteLlmProvider{"huggingface"},
    LiteLlmProvider{"watsonx"},
    LiteLlmProvider{"databricks"},
    LiteLlmProvider{"snowflake"},
    LiteLlmProvider{"triton"},
    LiteLlmProvider{"predibase"},
    LiteLlmProvider{"ai21"},
    LiteLlmProvider{"nlp_cloud"},
    LiteLlmProvider{"aleph_alpha"},
    LiteLlmProvider{"cloudflare"},
    LiteLlmProvider{"voyage"},
    LiteLlmProvider{"jina_ai"},
    LiteLlmProvider{"github_copilot"},
    LiteLlmProvider{"oci"},
    LiteLlmProvider{"maritalk"},
    LiteLlmProvider{"elevenlabs"},
    LiteLlmProvider{"deepgram"},
    LiteLlmProvider{"assemblyai"},
    LiteLlmProvider{"auto_router"},
    LiteLlmProvider{"baseten"},
    LiteLlmProvider{"clarifai"},
};

}  // namespace

const LiteLlmProvider* find_provider(std::string_view prefix) {
  const auto found = std::find_if(kProviders.begin(), kProviders.end(),
                                  [&](const LiteLlmProvider& one) { return one.prefix == prefix; });
  return found == kProviders.end() ? nullptr : &*found;
}

std::string_view provider_of_model(std::string_view model) {
  struct Beginning {
    std::string_view text;
    std::string_view provider;
  };
  // LiteLLM has lists of exact names; their beginnings say the same and do not age.
  constexpr std::array kBeginnings{
      Beginning{"gpt-", "openai"},
      Beginning{"chatgpt-", "openai"},
      Beginning{"ft:gpt-", "openai"},
      Beginning{"o1", "openai"},
      Beginning{"o3", "openai"},
      Beginning{"o4", "openai"},
      Beginning{"text-embedding-", "openai"},
      Beginning{"text-moderation-", "openai"},
      Beginning{"omni-moderation-", "openai"},
      Beginning{"dall-e-", "openai"},
      Beginning{"whisper-", "openai"},
      Beginning{"tts-", "openai"},
      Beginning{"davinci-", "openai"},
      Beginning{"babbage-", "openai"},
      Beginning{"claude-", "anthropic"},
      Beginning{"gemini-", "vertex_ai"},
      Beginning{"command", "cohere"},
      Beginning{"anthropic.", "bedrock"},
      Beginning{"amazon.", "bedrock"},
      Beginning{"meta.", "bedrock"},
  };
  if (model == "*") return "openai";
  for (const Beginning& one : kBeginnings) {
    if (model.starts_with(one.text)) return one.provider;
  }
  return {};
}

}  // namespace fluxgate::importers
