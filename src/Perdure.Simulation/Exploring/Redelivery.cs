using Perdure.Kernel;
using Perdure.Simulation.Worlds;

namespace Perdure.Simulation.Exploring;

/// <summary>
/// Brings about at each instance what senders and people brought about at it in a run without a crash, in the same order, each once it has come as far as it had then: by the clock it would come to another point
/// of a run that a crash has held up, where it may rightly mean something else.
/// </summary>
internal sealed class Redelivery(World world, Outcomes undisturbed)
{
    private const long Soon = TimeSpan.TicksPerMillisecond;
    private const long Patience = 10 * TimeSpan.TicksPerSecond;

    // By then a crash has long been made up for: it has gone another way, and would wait for ever.
    private const long Late = 60 * TimeSpan.TicksPerSecond;

    private sealed record Receiver(Progress Progress, Queue<Stimulus> Ahead)
    {
        public bool Asked { get; set; }
    }

    private readonly Dictionary<InstanceId, Receiver> _receivers = [];

    /// <summary>A record has become durable.</summary>
    public void Durable(Record record)
    {
        var id = record.Instance;
        if (!_receivers.TryGetValue(id, out var receiver))
        {
            _receivers.Add(id, receiver = new(new(), new(undisturbed.StimuliOf(world, id))));
            foreach (var stimulus in receiver.Ahead) world.Schedule.At(stimulus.At + Late, null, $"no longer waits to reach {id}", () => Next(id, receiver));
        }
        receiver.Progress.Take(record);
        Next(id, receiver);
    }

    private void Next(InstanceId id, Receiver receiver)
    {
        if (receiver.Asked || !receiver.Ahead.TryPeek(out var next) || (receiver.Progress.Count < next.After && world.Schedule.Now < next.At + Late)) return;
        receiver.Asked = true;
        world.Schedule.After(Soon, null, $"reaches {id}", () => Ask(id, receiver, next.Event));
    }

    private void Ask(InstanceId id, Receiver receiver, Event stimulus)
    {
        if (world.Stops) return;
        var over = false;
        if (world.NodeFor(id) is not { } node)
        {
            Again();
            return;
        }
        var until = world.Schedule.Now + Patience;
        world.Schedule.After(Soon, null, $"awaits {id}", Await);
        node.Asked($"what reaches {id}", engine => Stimulus.Again(engine, id, stimulus)).ContinueWith(answer =>
        {
            if (over) return;
            over = true;
            if (answer is not { IsCompletedSuccessfully: true, Result: CommandAnswer.Done or CommandAnswer.Refused })
            {
                Again();
                return;
            }
            if (answer.Result is CommandAnswer.Done && stimulus is SignalReceived message) world.Watch.Sent(id, message.MessageId);
            (_, receiver.Asked) = (receiver.Ahead.Dequeue(), false);
            Next(id, receiver);
        }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

        void Again() => world.Schedule.After(Soon, null, $"reaches {id} again", () => Ask(id, receiver, stimulus));

        // One that is gone never answers.
        void Await()
        {
            if (over) return;
            if (!node.Gone && world.Schedule.Now < until) world.Schedule.After(Soon, null, $"awaits {id}", Await);
            else
            {
                over = true;
                Again();
            }
        }
    }
}
