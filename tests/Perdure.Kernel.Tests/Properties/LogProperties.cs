using System.Buffers;
using System.Collections.Immutable;
using CsCheck;

namespace Perdure.Kernel.Tests;

/// <summary>What is promised about the log, over random maps and command sequences.</summary>
public class LogProperties
{
    private const int Cases = 10_000;

    [Fact]
    public void A_command_delivered_twice_counts_once() => Maps.Cases.Sample((map, script) =>
        Watch.Play(map, script, world => world.Decided += (before, command, verdict) =>
        {
            if (command is Command.Recover) return; // Not delivered by anybody: each is a death of its own.
            if (verdict is not Verdict.Accepted first)
            {
                Assert.Equal(verdict, Decider.Decide(map, world.Limits, before, command));
                return;
            }
            var after = first.Instance;
            var second = Assert.IsType<Verdict.Accepted>(Decider.Decide(map, world.Limits, after, command));
            Assert.Empty(second.Events);
            Same.Expect(after, second.Instance, $"{command} came twice");
        }), iter: Cases);

    [Fact]
    public void What_was_delivered_once_changes_nothing_however_late_it_comes_again() => Maps.Cases.Sample((map, script) =>
    {
        // Those that the outside repeats: a network, a store's outbox, a caller that got no answer. What an operator says anew counts anew.
        List<Command> delivered = [];
        Watch.Play(map, script, world => world.Decided += (before, command, verdict) =>
        {
            if (before is not null)
                foreach (var late in delivered)
                {
                    var again = Decider.Decide(map, world.Limits, before, late with { At = command.At });
                    if (again is not Verdict.Accepted accepted) continue;
                    Assert.True(accepted.Events.IsEmpty, $"{late} came again, late, and gave {Same.Json(accepted.Events)}");
                    Assert.Empty(accepted.Effects);
                }
            if (verdict is Verdict.Accepted { Events.Length: > 0 } && command is Command.Start or Command.Send or Command.EndAttempt or Command.EndUndo
                or Command.EndChild or Command.DecideGate or Command.Retry) delivered.Add(command);
        });
    }, iter: Cases);

    [Fact]
    public void No_transition_is_taken_that_the_map_does_not_declare_from_the_present_state() => Maps.Cases.Sample((map, script) =>
    {
        var edges = map.Edges().ToHashSet();
        var declared = map.States.SelectMany(s => s.To.Select(to => (s.Name, to))).ToHashSet();
        Watch.Play(map, script, world => world.Decided += (before, command, verdict) =>
        {
            if (verdict is not Verdict.Accepted { Events: var events }) return;
            var (state, visit) = (before?.State, before?.Visit);
            foreach (var e in events.OfType<Transitioned>())
            {
                Assert.Equal(state, e.From);
                Assert.Equal(visit + 1, e.Visit);
                Assert.Contains((e.From, e.To), edges);
                var cancelled = before!.CancelRequested || command is Command.Cancel;
                if (!cancelled) Assert.Contains((e.From, e.To), declared);
                (state, visit) = (e.To, e.Visit);
            }
            if (before is { Ended: true }) Assert.Empty(events);
        });
    }, iter: Cases);

    [Fact]
    public void Replaying_any_prefix_of_the_log_gives_the_live_state_and_versions_have_no_gap() => Maps.Cases.Sample((map, script) =>
    {
        Instance? replayed = null;
        var states = new List<Instance>();
        var world = Watch.Play(map, script, world => world.Decided += (before, _, verdict) =>
        {
            if (verdict is not Verdict.Accepted { Events.Length: > 0 } accepted) return;
            states.Add(accepted.Instance);
        });
        for (var i = 0; i < world.Log.Count; i++)
        {
            Assert.Equal(i + 1, world.Log[i].Version);
            replayed = Decider.Replay(replayed, world.Log[i]);
            Same.Expect(states[i], replayed, $"after record {i + 1} {Same.Json(world.Log[i].Events)}");
        }
    }, iter: Cases);

    [Fact]
    public void A_state_that_was_written_and_read_again_continues_alike() => Maps.Cases.Sample((map, script) =>
    {
        Instance? read = null;
        Watch.Play(map, script, world => world.Decided += (before, command, verdict) =>
        {
            var again = Decider.Decide(map, world.Limits, read, command);
            if (verdict is not Verdict.Accepted accepted)
            {
                Assert.Equal(verdict, again);
                return;
            }
            var twin = Assert.IsType<Verdict.Accepted>(again);
            Assert.Equal(accepted.Effects.AsEnumerable(), twin.Effects);
            var bytes = Bytes(accepted.Events);
            Assert.True(bytes.AsSpan().SequenceEqual(Bytes(twin.Events)));
            if (accepted.Events.Length == 0) return;
            var events = EventCodec.Read(bytes);
            Assert.True(bytes.AsSpan().SequenceEqual(Bytes(events)));
            read = Decider.Replay(read, new(accepted.Instance.Id, (before?.Version ?? 0) + 1, command.At, events));
            Same.Expect(accepted.Instance, read, Same.Json(events));
        });
    }, iter: Cases);

    [Fact]
    public void The_last_transition_the_tail_and_the_rows_give_the_whole_state() => Maps.Cases.Sample((map, script) =>
    {
        Watch.Play(map, script, world =>
        {
            world.Decided += (_, _, _) =>
            {
                if (world.Instance is not { } live || live.Version != world.Log.Count) return;
                var restored = Restore(world);
                Same.Expect(live, restored, $"from the checkpoint at {live.Version}");
                Assert.Equal(Decider.Pending(map, live).AsEnumerable(), Decider.Pending(map, restored));
                world.Become(restored);
            };
        });
    }, iter: Cases);

    private static Instance Restore(World world)
    {
        var log = world.Log;
        var index = log.FindLastIndex(r => r.Events.Any(e => e is Transitioned));
        if (index < 0) index = 0;
        var instance = Decider.FromCheckpoint((Started)log[0].Events[0], log[0].At, log[index], world.Stack.Values, world.Messages);
        for (var i = index + 1; i < log.Count; i++) instance = Decider.Replay(instance, log[i]);
        return instance;
    }

    private static byte[] Bytes(ImmutableArray<Event> events)
    {
        var buffer = new ArrayBufferWriter<byte>();
        EventCodec.Write(buffer, events);
        return buffer.WrittenSpan.ToArray();
    }
}
