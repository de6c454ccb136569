using System.Globalization;
using Perdure.Kernel;
using Perdure.Simulation.Faults;

namespace Perdure.Simulation.Worlds;

/// <summary>
/// Those who send messages to instances, pause, resume and cancel them. A message has an id of its own and is sent until it is answered, the next one of its sender only then; some are sent
/// again although they were answered.
/// </summary>
internal sealed class Senders(World world, WorldOptions options)
{
    private static readonly Caller Person = new("person", []);
    private const long Second = TimeSpan.TicksPerSecond;

    private readonly SortedSet<InstanceId> _known = [];

    public void Begin()
    {
        if (options.Undisturbed is null && (options.Mails.Count > 0 || options.Pauses > 0 || options.Cancels > 0)) world.Schedule.After(Second / 5, null, "senders look", Look);
    }

    private void Look()
    {
        if (world.Stops) return;
        foreach (var (id, record) in world.Database.Tables.Instances)
        {
            // Somebody who paused goes on in the end: by the durable row, whoever it was.
            if (record.Status == Status.Paused && world.Chance.Workload.Happens(0.1) && world.NodeFor(id) is { } owner) Ask("resume", id, owner.Asked($"resume of {id}", engine => engine.Resume(id, Person)));
            // A row that is not yet synced may be gone after a crash: nobody has seen it.
            if (!world.Watch.Instances.ContainsKey(id) || !_known.Add(id)) continue;
            foreach (var mail in options.Mails)
                if (mail.Workflow == record.First.Workflow) Write(id, mail, 1);
            if (world.Chance.Workload.Happens(options.Pauses)) Later(10, $"pauses {id}", () => { if (!options.Without.Pauses) Persist(id, "pause", engine => engine.Pause(id, Person), 5); });
            if (world.Chance.Workload.Happens(options.Cancels)) Later(20, $"cancels {id}", () => { if (!options.Without.Cancels) Persist(id, "cancel", engine => engine.Cancel(id, Person, "as the dice fell"), 20); });
        }
        world.Schedule.After(Second / 5, null, "senders look", Look);
    }

    private void Write(InstanceId id, Mail mail, int number)
    {
        if (number > mail.Count) return;
        var body = mail.Body(new(world.Chance.Workload), number);
        Later(5, $"writes to {id}", () => { if (number <= mail.Sent) Send(id, mail, number, body, repeats: false); });
    }

    private void Send(InstanceId id, Mail mail, int number, byte[] body, bool repeats)
    {
        var message = string.Create(CultureInfo.InvariantCulture, $"{mail.Signal}/{number}");
        if (world.NodeFor(id) is not { } node)
        {
            Again();
            return;
        }
        var over = false;
        world.Schedule.After(10 * Second, null, $"patience for {message}", () => { if (!over) { over = true; Again(); } });
        node.Asked($"{message} to {id}", engine => engine.Signal(id, mail.Signal, message, body)).ContinueWith(answer =>
        {
            if (over) return;
            over = true;
            if (answer.IsCompletedSuccessfully && answer.Result is CommandAnswer.Done)
            {
                world.Watch.Sent(id, message);
                if (repeats) return;
                if (world.Faults.Strikes(FaultKind.ClientRepeats)) Later(10, $"writes {message} again", () => Send(id, mail, number, body, repeats: true));
                Write(id, mail, number + 1);
            }
            else if (answer.IsCompletedSuccessfully && answer.Result is CommandAnswer.Invalid) world.Watch.Report(new("signals", $"{message} was answered by {answer.Result}."));
            else if (!(answer.IsCompletedSuccessfully && answer.Result is CommandAnswer.Refused)) Again();
        }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

        void Again()
        {
            if (!repeats || !world.Faults.Healed) world.Schedule.After(Second, null, $"waits with {message}", () => Send(id, mail, number, body, repeats));
        }
    }

    // Until it is answered, so often at the most.
    private void Persist(InstanceId id, string what, Func<IPerdure, Task<CommandAnswer>> command, int tries)
    {
        if (tries == 0 || world.Watch.Instances[id].Ended) return;
        if (world.NodeFor(id) is { } node) Ask(what, id, node.Asked($"{what} of {id}", command), () => Persist(id, what, command, tries - 1));
        else world.Schedule.After(Second, null, $"waits with {what}", () => Persist(id, what, command, tries - 1));
    }

    private void Ask(string what, InstanceId id, Task<CommandAnswer> answered, Action? again = null) => answered.ContinueWith(answer =>
    {
        if (answer.IsCompletedSuccessfully && answer.Result is CommandAnswer.Done { Changed: true }) world.Watch.Commanded(what, id);
        else if (answer is not { IsCompletedSuccessfully: true, Result: CommandAnswer.Done or CommandAnswer.Refused } && again is not null) world.Schedule.After(Second, null, $"waits with {what}", again);
    }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    private void Later(int seconds, string what, Action happens) => world.Schedule.After((long)(world.Chance.Workload.Share() * seconds * Second), null, what, happens);
}
