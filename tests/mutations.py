#!/usr/bin/env python3
"""Takes the rules of the hub and the event log away, one at a time, and wants a test to fail.

A rule is a line of the source and what stands there without it. The work is done on a copy of
the tree; the source itself is not touched. Usage: tests/mutations.py [WORD ...] (only rules
whose name has one of the words).
"""
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RUNNERS = ["hub_test", "event_log_test"]
SIMULATED_SEEDS = "60"
RUNNER_SECONDS_MAX = 180

SUBSCRIPTION = "bridge/hub/subscription.cc"
WINDOW = "bridge/hub/topic_window.cc"
SHARD = "bridge/hub/shard.cc"
REPLAY = "bridge/hub/replay.cc"
HEARTBEATS = "bridge/hub/heartbeats.cc"
LOG = "bridge/event_log/memory/memory_event_log.cc"
HISTORY = "bridge/event_log/memory/topic_history.cc"

# Name, file, the rule, what stands there without it.
RULES = [
    ("a cursor enters the window only from complete_from on", SUBSCRIPTION,
     "if (place.after >= cursor.window->complete_from()) {", "if (true) {"),
    ("the tail adds only what is after the head", WINDOW,
     "if (event->offset() <= newest_) return false;", ""),
    ("what a client has seen is not sent again", SUBSCRIPTION,
     "const bool wanted = event.transient() || event.offset() > place.after;",
     "const bool wanted = true;"),
    ("a topic that replays holds the others back", SUBSCRIPTION,
     "if (candidate.kind == Candidate::Kind::kNotRead) return -1;",
     "if (candidate.kind == Candidate::Kind::kNotRead) continue;"),
    ("a read under way is waited for", SUBSCRIPTION,
     "waits |= settled == Settled::kWaits;", ""),
    ("latest begins at the head that Follow answered", SUBSCRIPTION,
     "std::max(shard_.parts_->position, cursor.window->complete_from())",
     "shard_.parts_->position"),
    ("cursors that wait for the same read share it", REPLAY,
     "if (shared != nullptr) {", "if (false) {"),
    ("replays at once are bounded", REPLAY,
     "while (reading_ < reads_max_ && !queued_.empty())", "while (!queued_.empty())"),
    ("an inbox that overflowed is caught up", SHARD, "if (lost) CatchUp();", "(void)lost;"),
    ("after a restart everybody is outside the window", WINDOW,
     "kept_begin_ = kept_end() + 1;", "kept_begin_ = kept_end();"),
    ("a cursor that fell out goes back to the log", SUBSCRIPTION,
     "if (!cursor.window->FellOut(place.window)) return Settled::kYes;", "return Settled::kYes;"),
    ("a gap is told", SUBSCRIPTION,
     "if (replay.after > place.after && !told) {", "if (false && !told) {"),
    ("a gap is judged by the topic", HISTORY,
     "if (found != topics_.end()) result.dropped_through = found->second.dropped_through;",
     "if (!order_.empty()) result.dropped_through = order_.front().event->offset() - 1;"),
    ("a forgotten topic hides no gap", HISTORY,
     "forgotten_through_ = std::max(forgotten_through_, oldest.dropped_through);", ""),
    ("transient events push no kept one out", WINDOW, "transient_bytes_ += bytes;",
     "transient_bytes_ += bytes; bytes_ += bytes;"
     " while (bytes_ > bytes_max && kept_.size() > 1) DropFirst();"),
    ("transient events are not replayed", WINDOW,
     "static_cast<uint64_t>(next - kept_.begin()), transient_end()};",
     "static_cast<uint64_t>(next - kept_.begin()), transient_begin_};"),
    ("a heartbeat overtakes no event", HEARTBEATS,
     "if (member->state() != Subscription::State::kCaughtUp) continue;", ""),
    ("the inbox is drained before the position is told", SHARD,
     "  parts_->DrainInbox();\n  parts_->position = std::max", "  parts_->position = std::max"),
    ("only the end of all topics carries the end flag", SUBSCRIPTION,
     "if (!item.last) {", "if (false) {"),
    ("offsets and the push to inboxes share a critical section", LOG,
     "tail_->Deliver(shard, deliveries_[shard]);",
     "{ auto d = deliveries_[shard]; mutex_.Unlock(); tail_->Deliver(shard, d); mutex_.Lock(); }"),
    ("Follow and its head share a critical section", LOG,
     "    MutexLock lock(&mutex_);\n    history_.Follow(topic, shard);\n    return head_;",
     "    Offset head; { MutexLock first(&mutex_); head = head_; }\n"
     "    MutexLock lock(&mutex_);\n    history_.Follow(topic, shard);\n    return head + 1;"),
    ("an id of another epoch is a gap", SUBSCRIPTION,
     "  cursor.gap = MakeGap(cursor, last_event_id, 0);\n", ""),
    ("an id past the end is a gap", SUBSCRIPTION,
     "if (id->offset > head) cursor.gap = MakeGap(cursor, last_event_id, head);", ""),
    ("a window outlives its last subscriber", SHARD,
     "if (members.empty()) cursor.window->deserted_at = clock.Now();",
     "if (members.empty()) { log.Unfollow(cursor.window->topic(), index);"
     " windows_.erase(cursor.window->topic()); }"),
    ("a pass serves a slice", SHARD, "n < kSlice && served_", "served_"),
    ("all windows together are bounded", SHARD,
     "while (window_bytes_ > options.windows_bytes) {", "while (false) {"),
    ("who has unfollowed is not told", HISTORY, "topic.followers &= ~Bit(shard);", "(void)shard;"),
]


def failing_tests(build):
    """The names of the tests that fail, [] when all pass."""
    failed = []
    for runner in RUNNERS:
        try:
            run = subprocess.run([os.path.join(build, runner)], capture_output=True, text=True,
                                 timeout=RUNNER_SECONDS_MAX,
                                 env={**os.environ, "SLUICE_SIMULATION_SEEDS": SIMULATED_SEEDS})
        except subprocess.TimeoutExpired:
            failed.append(runner + " (hangs)")
            continue
        names = {line.split()[3].rstrip(",") for line in run.stdout.splitlines()
                 if line.startswith("[  FAILED  ]") and " ms)" in line}
        if run.returncode != 0 and not names:
            names = {f"{runner} (crashes)"}
        failed += sorted(names)
    return failed


def build_runners(tree, build):
    run = subprocess.run(["ninja", "-C", build] + RUNNERS, cwd=tree, capture_output=True, text=True)
    return run.returncode == 0, run.stdout


def main(words):
    tree = tempfile.mkdtemp(prefix="sluice-mutations-")
    build = os.path.join(tree, "build/dev")
    shutil.copytree(ROOT, tree, dirs_exist_ok=True,
                    ignore=shutil.ignore_patterns("build", ".git", "node_modules"))
    subprocess.run(["cmake", "--preset", "dev", "-DSLUICE_BENCH=OFF", "-DSLUICE_EXAMPLES=OFF"],
                   cwd=tree, check=True, stdout=subprocess.DEVNULL)
    built, output = build_runners(tree, build)
    if not built or failing_tests(build):
        sys.exit("the tests must build and pass before rules are taken away\n" + output[-2000:])
    passed = failed = 0
    for name, path, rule, without in RULES:
        if words and not any(word in name for word in words):
            continue
        path = os.path.join(tree, path)
        with open(path, encoding="utf-8") as file:
            source = file.read()
        if rule not in source:
            print(f"NOT FOUND  {name}: mend its line in {os.path.basename(__file__)}")
            failed += 1
            continue
        with open(path, "w", encoding="utf-8") as file:
            file.write(source.replace(rule, without, 1))
        built, output = build_runners(tree, build)
        tests = failing_tests(build) if built else []
        print(f"{'caught  ' if tests else 'SURVIVED'}   {name}: "
              + (", ".join(tests[:3]) if built else "does not build\n" + output[-1000:]), flush=True)
        passed, failed = passed + bool(tests), failed + (not tests)
        with open(path, "w", encoding="utf-8") as file:
            file.write(source)
    shutil.rmtree(tree)
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
