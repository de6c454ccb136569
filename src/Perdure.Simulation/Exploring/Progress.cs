using Perdure.Kernel;
using Perdure.Simulation.Refining;
using Perdure.Simulation.Worlds;

namespace Perdure.Simulation.Exploring;

/// <summary>How far an instance has come, counted so that a crash adds nothing to it, and neither does what senders and people bring about.</summary>
internal sealed class Progress
{
    private readonly Course _course = new();
    private readonly List<Point> _points = [];
    private readonly HashSet<(int Visit, string Name)> _givenUp = [];

    /// <summary>How many points are behind it.</summary>
    public int Count { get; private set; }

    /// <summary>Its course so far. What was given up ends whenever that is noticed, and is no point of it.</summary>
    public IReadOnlyList<Point> Points => _points;

    /// <summary>Steps that were given up while they ran: the effect may or may not have happened, in any run.</summary>
    public IReadOnlySet<(int Visit, string Name)> GivenUp => _givenUp;

    /// <summary>Goes on by a record; gives what was brought about from outside in it.</summary>
    public List<Stimulus> Take(Record record)
    {
        var points = new Queue<Point>(_course.Take(record));
        var cancels = record.Events.Any(e => e is CancelRequested);
        List<Stimulus> stimuli = [];
        foreach (var @event in record.Events)
        {
            var point = points.TryPeek(out var next) && ReferenceEquals(next.Event, @event) ? points.Dequeue() : null;
            if (@event is StepCancelled)
            {
                if (point is not null) _givenUp.Add((point.Visit, point.Name));
                continue;
            }
            if (point is not null) _points.Add(point);
            // Who cancels also resumes.
            if (Stimulus.Is(@event) && !(cancels && @event is Resumed)) stimuli.Add(new(Count, (record.At - World.Begins).Ticks, @event));
            else if (point is not null || @event is ExitBegan or UndoSucceeded or RestartBegan or VisitRestarted) Count++;
        }
        return stimuli;
    }
}
