using Perdure.Ports;

namespace Perdure.Postgres.Writing;

/// <summary>A batch that was given to a writer, whom to tell, and how it went.</summary>
internal sealed class GivenBatch(Batch batch, Action<CommitAnswer> answered)
{
    /// <summary>The batch.</summary>
    public Batch Batch => batch;

    /// <summary>Whom to tell.</summary>
    public Action<CommitAnswer> Answered => answered;

    /// <summary>How it went; null until that is known.</summary>
    public CommitAnswer? Answer { get; set; }

    /// <summary>Its items' bodies, in bytes.</summary>
    public long Bytes { get; } = batch.Items.Sum(i => (long)i.Body.Length);
}

/// <summary>Batches of several lanes that are written in one transaction. Of one lane there may be several, in order and of one epoch.</summary>
internal sealed class Group
{
    /// <summary>The bounds of a group; one batch alone may pass them.</summary>
    public const int ItemsMax = 4_000;

    /// <summary>The same in bytes of bodies.</summary>
    public const long BytesMax = 16 * 1024 * 1024;

    /// <summary>Positions leave room for so many records of one transaction.</summary>
    public const int RecordsMax = 1 << 16;

    private Group(IReadOnlyList<GivenBatch> batches)
    {
        Batches = batches;
        var items = batches.Sum(b => b.Batch.Items.Count);
        (Items, BatchOf, Answers) = (new Item[items], new GivenBatch[items], new ItemAnswer?[items]);
        var i = 0;
        foreach (var batch in batches)
            foreach (var item in batch.Batch.Items) (Items[i], BatchOf[i++]) = (item, batch);
    }

    /// <summary>Its batches, in the order in which they were given.</summary>
    public IReadOnlyList<GivenBatch> Batches { get; }

    /// <summary>All their items, in order.</summary>
    public Item[] Items { get; }

    /// <summary>The batch of each item.</summary>
    public GivenBatch[] BatchOf { get; }

    /// <summary>The answer of each item, as far as it is known; given once the group is durable.</summary>
    public ItemAnswer?[] Answers { get; set; }

    /// <summary>Lanes whose batches are not answered yet, each with its epoch and the newest number, in the order of the lanes.</summary>
    public IEnumerable<(int Lane, long Epoch, long Number)> Fences => Batches.Where(b => b.Answer is null && b.Batch.Items.Count > 0)
        .GroupBy(b => (b.Batch.Lane, b.Batch.Epoch)).Select(g => (g.Key.Lane, g.Key.Epoch, g.Max(b => b.Batch.Number))).OrderBy(f => f.Lane);

    /// <summary>Whether nothing is left to be written.</summary>
    public bool IsAnswered => Batches.All(b => b.Answer is not null);

    /// <summary>Every batch that has no answer yet gets this one.</summary>
    public void AnswerAll(CommitAnswer answer)
    {
        foreach (var batch in Batches) batch.Answer ??= answer;
    }

    /// <summary>What was to be written is durable: every batch that has no answer yet gets those of its items.</summary>
    public void Committed()
    {
        var i = 0;
        foreach (var batch in Batches)
        {
            var count = batch.Batch.Items.Count;
            batch.Answer ??= new CommitAnswer.Committed([.. Answers.Skip(i).Take(count).Select(a => a ?? throw new InvalidOperationException("An item has no answer."))]);
            i += count;
        }
    }

    /// <summary>One item alone.</summary>
    public static Group Of(int lane, long epoch, Item item) => new([new(new(lane, epoch, 0, [item]), _ => { })]);

    /// <summary>Takes the next group off what was given; null where nothing was. What does not fit stays, in order.</summary>
    public static Group? Take(LinkedList<GivenBatch> given)
    {
        if (given.First is null) return null;
        var (taken, epochs, held) = (new List<GivenBatch>(), new Dictionary<int, long>(), new HashSet<int>());
        var (items, bytes) = (0, 0L);
        for (var node = given.First; node is not null;)
        {
            var (one, next) = (node.Value, node.Next);
            var batch = one.Batch;
            var fits = taken.Count == 0 || (items + batch.Items.Count <= ItemsMax && bytes + one.Bytes <= BytesMax);
            // Another epoch of a lane waits for the next group, and so does all that was given of the lane after something that waits.
            if (!fits || held.Contains(batch.Lane) || (epochs.TryGetValue(batch.Lane, out var epoch) && epoch != batch.Epoch)) held.Add(batch.Lane);
            else
            {
                epochs[batch.Lane] = batch.Epoch;
                (items, bytes) = (items + batch.Items.Count, bytes + one.Bytes);
                taken.Add(one);
                given.Remove(node);
            }
            node = next;
        }
        return new(taken);
    }
}
