#include <algorithm>
#include <functional>
#include <iostream>

#include <CLI/CLI.hpp>

#include "gateway/app/command_command.h"
#include "gateway/app/command_quarantine.h"
#include "gateway/app/commands.h"
#include "gateway/app/exit_code.h"
#include "gateway/core/size_text.h"
#include "gateway/normalize/yaml_file.h"

namespace {

using namespace sluice::app;

constexpr const char* default_config = "/etc/sluice/sluice.yaml";

/// The options of every command, and what to do once they are read.
class CommandLine {
 public:
  CommandLine() {
    app_.require_subcommand(1);
    app_.fallthrough();
    app_.add_option("--config", config_, "The configuration file")->capture_default_str()->option_text("FILE");
    add_gateway_commands();
    add_device_commands();
    add_quarantine_commands();
    add_schema_commands();
    add_development_commands();
  }

  int main(int argc, char** argv) {
    try {
      if (const std::string wrong = misspelt(argc, argv); !wrong.empty()) {
        std::cerr << "sluice: " << wrong << "\n";
        return exit_usage;
      }
      app_.parse(argc, argv);
      return todo_();
    } catch (const CLI::ParseError& error) {
      return app_.exit(error) == 0 ? exit_ok : exit_usage;
    }
  }

 private:
  /// What is wrong with the command's name, or its part's, if it is none; empty if it is one, or there is none.
  std::string misspelt(int argc, char** argv) const {
    const CLI::App* app = &app_;
    for (int i = 1; i < argc && !app->get_subcommands({}).empty(); ++i) {
      const std::string word = argv[i];
      if (word.starts_with('-')) return {};
      std::vector<std::string> names;
      for (const CLI::App* sub : app->get_subcommands({})) names.push_back(sub->get_name());
      if (std::find(names.begin(), names.end(), word) == names.end())
        return "there is no command '" + word + "'" +
               sluice::normalize::did_you_mean(word, {names.begin(), names.end()}) + "; 'sluice --help' lists them";
      app = app->get_subcommand(word);
    }
    return {};
  }

  CLI::App* command(const std::string& name, const std::string& what, const std::string& example,
                    std::function<int()> run) {
    CLI::App* command = app_.add_subcommand(name, what);
    command->footer("Example:\n  " + example);
    command->callback([this, run = std::move(run)] { todo_ = run; });
    return command;
  }

  /// The file of --config if it was given or the default one is there: some commands do without.
  std::optional<std::filesystem::path> config_if_any() const {
    if (app_.count("--config") > 0 || std::filesystem::exists(config_)) return config_;
    return std::nullopt;
  }

  static CLI::Option* add_duration(CLI::App* command, const std::string& name, const std::string& what,
                                   std::function<void(sluice::Duration)> set) {
    return command
        ->add_option_function<std::string>(
            name,
            [set = std::move(set), name](const std::string& text) {
              const auto duration = sluice::parse_duration(text);
              if (!duration)
                throw CLI::ValidationError(name, "'" + text + "' is not a duration; write 30s, 500ms or 5m");
              set(*duration);
            },
            what)
        ->option_text("DURATION");
  }

  void add_gateway_commands() {
    command("run", "Run the gateway", "sluice run --config /etc/sluice/sluice.yaml", [this] { return run(config_); });
    command("check", "Read configuration and schemas and print every problem; touches no network",
            "sluice check --config ./sluice.yaml", [this] { return check(config_); });
    command(
        "doctor",
        "Go through each connection step by step; name what fails and what to change. Sends one event of kind notice "
        "to each cloud, and some messages under sluice/doctor/ to the local broker",
        "sluice doctor --config ./sluice.yaml", [this] { return doctor(config_); });
    CLI::App* status_command = command("status", "Show the running gateway: connections, backlog, counters",
                                       "sluice status --json | jq .clouds", [this] { return status(config_, json_); });
    status_command->add_flag("--json", json_, "The whole status as JSON");
    command("reload",
            "Make the running gateway take up its changed configuration and schemas, without losing a message; wrong "
            "ones are refused with their errors, and it goes on as it was",
            "sluice reload && sluice status", [this] { return reload(config_); });
    add_selftest();
    command("version", "Print version, build and the versions of the libraries", "sluice version",
            [] { return version(); });
  }

  void add_selftest() {
    CLI::App* sub = command("selftest",
                            "Kill a gateway of its own on this disk, and count: is anything lost? And what does a "
                            "commit cost here? Touches neither the network nor the data of a gateway that runs",
                            "sluice selftest --dir .", [this] {
                              selftest_.config_file = config_;
                              selftest_.json = json_;
                              return selftest(selftest_);
                            });
    sub->add_option("--dir", selftest_.folder,
                    "Where to make its scratch folder; by itself the configuration's data_dir")
        ->option_text("FOLDER");
    sub->add_option("--messages", selftest_.messages, "So many, however long it takes; by itself 5000 or some 15 s")
        ->check(CLI::Range(std::uint64_t{2000}, std::uint64_t{1'000'000}));
    sub->add_flag("--json", json_, "As JSON");
  }

  void add_device_commands() {
    CLI::App* command_command = app_.add_subcommand("command", "Commands to devices, by hand");
    command_command->require_subcommand(1);
    const auto add = [&](const std::string& name, const std::string& what, const std::string& example,
                         std::function<int()> run) {
      CLI::App* sub = command_command->add_subcommand(name, what);
      sub->footer("Example:\n  " + example);
      sub->callback([this, run = std::move(run)] { todo_ = run; });
      return sub;
    };
    CLI::App* send = add("send", "Send a command by way of the running gateway, and wait for its outcome",
                         "sluice command send tasmota/kitchen power state=ON --wait 5s", [this] {
                           command_.config_file = config_;
                           return command_send(command_);
                         });
    send->add_option("DEVICE", command_.device, "Family and name, as in tasmota/kitchen")->required();
    send->add_option("NAME", command_.name, "The command, as in power")->required();
    send->add_option("PARAMS", command_.params,
                     "Its parameters, as in state=ON; what looks like JSON is JSON: 'text=\"5\"' is the text 5")
        ->option_text("KEY=VALUE ...");
    add_duration(send, "--wait", "How long to wait for the outcome; 10s by itself",
                 [this](sluice::Duration wait) { command_.wait = wait; });
    CLI::App* list = add("list", "The latest commands and how they ended", "sluice command list --json",
                         [this] { return command_list(config_, json_); });
    list->add_flag("--json", json_, "As JSON");
  }

  void add_quarantine_commands() {
    CLI::App* quarantine_command =
        app_.add_subcommand("quarantine", "What could not be understood, or was refused by a cloud");
    quarantine_command->require_subcommand(1);
    const auto add = [&](const char* name, const char* what, const char* example,
                         int (*run)(const QuarantineOptions&)) {
      CLI::App* sub = quarantine_command->add_subcommand(name, what);
      sub->footer(std::string("Example:\n  ") + example);
      sub->add_flag("--json", quarantine_.json, "As JSON");
      sub->callback([this, run] {
        todo_ = [this, run] {
          quarantine_.config_file = config_;
          return run(quarantine_);
        };
      });
      return sub;
    };
    CLI::App* list = add("list", "The entries, newest first, and how many there are of each kind",
                         "sluice quarantine list --schema tasmota/sensor --by reason,topic", quarantine_list);
    add_quarantine_filter(list);
    list->add_option("--by", quarantine_.by,
                     "Count them by some of schema, field, reason, topic, cloud, in place of a list");
    list->add_option("--count", quarantine_.count, "At most so many; by itself 20 on a terminal, else all")
        ->check(CLI::PositiveNumber);
    add_quarantine_ids(add("show", "One entry in full: the payload, the field, the reason", "sluice quarantine show 17",
                           quarantine_show))
        ->required()
        ->expected(1);
    CLI::App* replay = add("replay",
                           "Bring entries back once the cause is mended: messages through the present schemas, refused "
                           "records to the cloud that refused them",
                           "sluice quarantine replay --schema tasmota/sensor", quarantine_replay);
    add_quarantine_ids(replay);
    add_quarantine_filter(replay);
    replay->add_flag("--all", quarantine_.all, "All of them, oldest first");
    add_quarantine_ids(add("drop", "Let entries go for good", "sluice quarantine drop 17 18", quarantine_drop))
        ->required();
  }

  CLI::Option* add_quarantine_ids(CLI::App* command) {
    return command->add_option("ID", quarantine_.ids, "Its number, as 'list' shows it")->check(CLI::PositiveNumber);
  }

  void add_quarantine_filter(CLI::App* command) {
    command->add_option("--schema", quarantine_.schema, "Only of this schema, as in tasmota/sensor");
    command->add_option("--topic", quarantine_.topic,
                        "Only from topics that this filter covers, as in 'tele/+/SENSOR'");
    command->add_option("--reason", quarantine_.reason, "Only with this text in the reason");
    command->add_option("--cloud", quarantine_.cloud, "Only what this cloud refused; '' for messages alone");
  }

  void add_schema_commands() {
    CLI::App* try_command = command("try", "Print the events that a message would become, one JSON a line, and why",
                                    R"(sluice try --topic tele/kitchen/LWT --payload Online)", [this] {
                                      try_.config_file = config_if_any();
                                      return try_message(try_);
                                    });
    try_command->add_option("--topic", try_.topic, "The message's topic")->required();
    CLI::Option* payload = try_command->add_option("--payload", try_.payload, "The payload; default: standard input");
    try_command->add_option("--file", try_.file, "A file with the payload")
        ->excludes(payload)
        ->check(CLI::ExistingFile);
    try_command->add_flag("--retained", try_.retained, "As if the broker had retained it");
    try_command->add_flag("--quiet", try_.quiet, "Do not explain on standard error");

    CLI::App* schemas_command = command("schemas", "The schema library", "sluice schemas test ./schemas/mine.yaml",
                                        [this] { return run_schemas_(); });
    schemas_command->require_subcommand(1);
    const auto add = [&](const char* name, const char* what, SchemasOptions::What which) {
      CLI::App* sub = schemas_command->add_subcommand(name, what);
      sub->callback([this, which] {
        schemas_.what = which;
        run_schemas_ = [this] {
          schemas_.config_file = config_if_any();
          return schemas(schemas_);
        };
      });
      return sub;
    };
    add("list", "The families in use, one a line", SchemasOptions::What::list);
    add("show", "One family's file in full", SchemasOptions::What::show)
        ->add_option("NAME", schemas_.name, "The family")
        ->required();
    add("test", "Execute the examples", SchemasOptions::What::test)
        ->add_option("FILE", schemas_.files, "Schema files; default: all in use");
    add("doc", "The library's documentation as Markdown", SchemasOptions::What::doc);
    add_new_schema(schemas_command);
    add_coverage(schemas_command);
  }

  void add_new_schema(CLI::App* schemas_command) {
    CLI::App* sub = schemas_command->add_subcommand("new", "Listen for a while and write a first schema with examples");
    sub->footer("Example:\n  sluice schemas new --topic 'meters/#' --for 2m --output meters.yaml");
    CLI::Option* topic =
        sub->add_option("--topic", new_schema_.filter, "The filter to subscribe to")->option_text("FILTER");
    CLI::Option* from =
        sub->add_option("--from", new_schema_.from,
                        "A recording in place of the broker: a JSON object with topic and payload a line, "
                        "as mosquitto_sub -F '%j' writes it")
            ->check(CLI::ExistingFile);
    sub->add_option("--broker", new_schema_.broker, "In place of the configuration's local_broker.url")->excludes(from);
    add_duration(sub, "--for", "How long to listen; 30s by itself", [this](sluice::Duration time) {
      new_schema_.listen_for = time;
    })->excludes(from);
    sub->add_option("--count", new_schema_.count, "End after so many messages")->check(CLI::PositiveNumber);
    sub->add_option("--family", new_schema_.family, "The family's name; by itself the topic's first level");
    sub->add_option("--output", new_schema_.output,
                    "The file to write, which must not exist; default: standard output");
    sub->callback([this, topic, from] {
      if (topic->count() == 0 && from->count() == 0) throw CLI::RequiredError("--topic or --from");
      run_schemas_ = [this] {
        new_schema_.config_file = config_if_any();
        return new_schema(new_schema_);
      };
    });
  }

  void add_coverage(CLI::App* schemas_command) {
    CLI::App* sub = schemas_command->add_subcommand("coverage", "How much of recorded messages the schemas understand");
    sub->footer("Example:\n  mosquitto_sub -t '#' -F '%j' > home.ndjson; sluice schemas coverage home.ndjson --rest");
    sub->add_option("FILE", coverage_.recordings,
                    "Recordings (.ndjson), or folders of them; of one named like a family only that family counts")
        ->required()
        ->check(CLI::ExistingPath);
    sub->add_flag("--rest", coverage_.rest, "List each message that is not understood, and why");
    sub->callback([this] {
      run_schemas_ = [this] {
        coverage_.config_file = config_if_any();
        return coverage(coverage_);
      };
    });
  }

  void add_development_commands() {
    CLI::App* simulate_command =
        command("simulate", "Publish the schemas' own examples to the broker as if devices did",
                "sluice simulate --family tasmota --rate 10/s --for 30s", [this] {
                  simulate_.config_file = config_if_any();
                  return simulate(simulate_);
                });
    simulate_command->add_option("--family", simulate_.families, "Only these families")->delimiter(',');
    simulate_command->add_option("--broker", simulate_.broker, "In place of the configuration's local_broker.url");
    simulate_command
        ->add_option_function<std::string>(
            "--rate", [this](const std::string& text) { simulate_.rate = rate_of(text); }, "Messages a second, as 5/s")
        ->option_text("N/s");
    add_duration(simulate_command, "--for", "End by itself after this time",
                 [this](sluice::Duration duration) { simulate_.duration = duration; });

    CLI::App* receive_command =
        command("receive", "A small webhook receiver for development: prints events, counts duplicates",
                "sluice receive --listen 127.0.0.1:8421", [this] { return receive(receive_); });
    receive_command->add_option("--listen", receive_.listen, "Where to listen")->capture_default_str();
    receive_command->add_option("--fail", receive_.fail, "Answer this status to every request")
        ->check(CLI::Range(300, 599));
    add_duration(receive_command, "--down-for", "Answer 503 for so long after the first request",
                 [this](sluice::Duration duration) { receive_.down_for = duration; });
    receive_command->add_option("--secret", receive_.secret, "Check signatures with this whsec_… secret")
        ->envname("SLUICE_WEBHOOK_SECRET");
    receive_command->add_flag("--quiet", receive_.quiet, "Count, but print no events");
  }

  static double rate_of(std::string text) {
    if (text.ends_with("/s")) text.resize(text.size() - 2);
    double rate = 0;
    if (!CLI::detail::lexical_cast(text, rate) || !(rate > 0) || rate > 1e6)
      throw CLI::ValidationError("--rate", "'" + text + "' is not a rate; write 5/s");
    return rate;
  }

  CLI::App app_{"Sluice brings what devices say over MQTT to the cloud, and loses none of it.", "sluice"};
  std::function<int()> todo_;
  std::function<int()> run_schemas_;  ///< what the part of `schemas` does
  std::filesystem::path config_ = default_config;
  bool json_ = false;
  CommandSendOptions command_;
  QuarantineOptions quarantine_;
  SelftestOptions selftest_;
  TryOptions try_;
  SchemasOptions schemas_;
  NewSchemaOptions new_schema_;
  CoverageOptions coverage_;
  SimulateOptions simulate_;
  ReceiveOptions receive_;
};

}  // namespace

int main(int argc, char** argv) {
  try {
    return CommandLine().main(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "sluice: " << error.what() << "\n";
    return 70;  // EX_SOFTWARE: an error of the program itself
  }
}
