using NpgsqlTypes;

namespace Perdure.Postgres.Writing;

/// <summary>A set of columns, in the order in which they are parameters.</summary>
internal abstract class Columns
{
    private readonly List<Column> _all = [];

    /// <summary>In order.</summary>
    public IReadOnlyList<Column> All => _all;

    /// <summary>Whether any of them has a value.</summary>
    public bool Any => _all.Exists(c => c.Count > 0);

    /// <summary>Begins anew.</summary>
    public void Clear()
    {
        foreach (var column in _all) column.Clear();
    }

    protected Column<long> Longs() => Add(new Column<long>(NpgsqlDbType.Bigint));

    protected Column<long?> LongsOrNull() => Add(new Column<long?>(NpgsqlDbType.Bigint));

    protected Column<int> Ints() => Add(new Column<int>(NpgsqlDbType.Integer));

    protected Column<int?> IntsOrNull() => Add(new Column<int?>(NpgsqlDbType.Integer));

    protected Column<short> Shorts() => Add(new Column<short>(NpgsqlDbType.Smallint));

    protected Column<string?> Texts() => Add(new Column<string?>(NpgsqlDbType.Text));

    protected Column<ReadOnlyMemory<byte>> Bytes() => Add(new Column<ReadOnlyMemory<byte>>(NpgsqlDbType.Bytea));

    private Column<T> Add<T>(Column<T> column)
    {
        _all.Add(column);
        return column;
    }
}

/// <summary>The arrays of <c>write_1</c>, behind its fences.</summary>
internal sealed class RecordColumns : Columns
{
    public RecordColumns()
    {
        (StartInstance, StartScope, StartMap, StartState, StartStatus, StartRecord) = (Longs(), Ints(), Ints(), Ints(), Shorts(), Ints());
        (StartAt, StartPriority, StartKey, StartBusiness, StartHash, StartSalt) = (Longs(), Ints(), Texts(), Texts(), Bytes(), Bytes());
        (StartParent, StartParentOrdinal, StartTrace, StartAttributes) = (LongsOrNull(), IntsOrNull(), Texts(), Texts());
        (BusinessInstance, BusinessScope, BusinessKey) = (Longs(), Ints(), Texts());
        (MessageInstance, MessageId) = (Longs(), Texts());
        LogBegin = All.Count;
        (LogInstance, LogVersion, LogAt, LogHash, LogBody) = (Longs(), Longs(), Longs(), Bytes(), Bytes());
        LogEnd = All.Count;
        (MoveRound, MoveInstance, MoveVisit, MoveEdge, MoveRecord, MoveAt, MoveStatus) = (Shorts(), Longs(), Ints(), Ints(), Ints(), Longs(), Shorts());
        (StatusInstance, StatusAt, StatusValue) = (Longs(), Longs(), Shorts());
        (TokenInstance, TokenVisit, TokenGeneration, TokenOrdinal, TokenName) = (Longs(), Ints(), Ints(), Ints(), Texts());
        EndedInstance = Longs();
        (TallyLane, TallyState, TallyStatus, TallyCount) = (Shorts(), Ints(), Shorts(), Longs());
        Steps = [LogInstance, LogVersion, LogAt, LogHash, LogBody, TokenInstance, TokenVisit, TokenGeneration, TokenOrdinal, TokenName];
    }

    /// <summary>The columns of <c>write_steps_1</c>, in its order: records and tokens.</summary>
    public IReadOnlyList<Column> Steps { get; }

    /// <summary>Whether there are records, and nothing beside them but their tokens.</summary>
    public bool HasOnlySteps => LogInstance.Count > 0 && StartInstance.Count == 0 && BusinessInstance.Count == 0 && MessageInstance.Count == 0 && MoveInstance.Count == 0 && StatusInstance.Count == 0
        && EndedInstance.Count == 0 && TallyLane.Count == 0;

    /// <summary>How many columns stand before those of the log: what only a start and a message have.</summary>
    public int LogBegin { get; }

    /// <summary>How many columns stand before the number of rounds.</summary>
    public int LogEnd { get; }

    public Column<long> StartInstance { get; }
    public Column<int> StartScope { get; }
    public Column<int> StartMap { get; }
    public Column<int> StartState { get; }
    public Column<short> StartStatus { get; }
    public Column<int> StartRecord { get; }
    public Column<long> StartAt { get; }
    public Column<int> StartPriority { get; }
    public Column<string?> StartKey { get; }
    public Column<string?> StartBusiness { get; }
    public Column<ReadOnlyMemory<byte>> StartHash { get; }
    public Column<ReadOnlyMemory<byte>> StartSalt { get; }
    public Column<long?> StartParent { get; }
    public Column<int?> StartParentOrdinal { get; }
    public Column<string?> StartTrace { get; }
    public Column<string?> StartAttributes { get; }
    public Column<long> BusinessInstance { get; }
    public Column<int> BusinessScope { get; }
    public Column<string?> BusinessKey { get; }
    public Column<long> MessageInstance { get; }
    public Column<string?> MessageId { get; }
    public Column<long> LogInstance { get; }
    public Column<long> LogVersion { get; }
    public Column<long> LogAt { get; }
    public Column<ReadOnlyMemory<byte>> LogHash { get; }
    public Column<ReadOnlyMemory<byte>> LogBody { get; }
    public Column<short> MoveRound { get; }
    public Column<long> MoveInstance { get; }
    public Column<int> MoveVisit { get; }
    public Column<int> MoveEdge { get; }
    public Column<int> MoveRecord { get; }
    public Column<long> MoveAt { get; }
    public Column<short> MoveStatus { get; }
    public Column<long> StatusInstance { get; }
    public Column<long> StatusAt { get; }
    public Column<short> StatusValue { get; }
    public Column<long> TokenInstance { get; }
    public Column<int> TokenVisit { get; }
    public Column<int> TokenGeneration { get; }
    public Column<int> TokenOrdinal { get; }
    public Column<string?> TokenName { get; }
    public Column<long> EndedInstance { get; }
    public Column<short> TallyLane { get; }
    public Column<int> TallyState { get; }
    public Column<short> TallyStatus { get; }
    public Column<long> TallyCount { get; }
}

/// <summary>The arrays of <c>beside_1</c>.</summary>
internal sealed class BesideColumns : Columns
{
    public BesideColumns()
    {
        (LeaveInstance, LeaveOrdinal) = (Longs(), IntsOrNull());
        (PushInstance, PushIntendedAt, PushOrdinal, PushVisit, PushGeneration, PushName, PushOperation) = (Longs(), Longs(), Ints(), Ints(), Ints(), Texts(), Texts());
        (StackLane, StackMap, StackOperation, StackCount) = (Shorts(), Ints(), Texts(), Longs());
        (ClearInstance, ClearKind, ClearOrdinal) = (Longs(), Shorts(), Ints());
        (TimerLane, TimerInstance, TimerKind, TimerOrdinal, TimerDue) = (Shorts(), Longs(), Shorts(), Ints(), Longs());
        (OutLane, OutReceiver, OutMessage, OutOrdinal, OutState) = (Shorts(), Longs(), Texts(), Ints(), Texts());
        (OutType, OutSchema, OutCodec, OutBody) = (Texts(), Texts(), Texts(), Bytes());
        (ArrivedReceiver, ArrivedMessage) = (Longs(), Texts());
        (PageKey, PageInstance, PageState, PageSeverity, PageCode, PageSummary, PageRaised) = (Texts(), Longs(), Ints(), Shorts(), Texts(), Texts(), Longs());
    }

    public Column<long> LeaveInstance { get; }
    public Column<int?> LeaveOrdinal { get; }
    public Column<long> PushInstance { get; }
    public Column<long> PushIntendedAt { get; }
    public Column<int> PushOrdinal { get; }
    public Column<int> PushVisit { get; }
    public Column<int> PushGeneration { get; }
    public Column<string?> PushName { get; }
    public Column<string?> PushOperation { get; }
    public Column<short> StackLane { get; }
    public Column<int> StackMap { get; }
    public Column<string?> StackOperation { get; }
    public Column<long> StackCount { get; }
    public Column<long> ClearInstance { get; }
    public Column<short> ClearKind { get; }
    public Column<int> ClearOrdinal { get; }
    public Column<short> TimerLane { get; }
    public Column<long> TimerInstance { get; }
    public Column<short> TimerKind { get; }
    public Column<int> TimerOrdinal { get; }
    public Column<long> TimerDue { get; }
    public Column<short> OutLane { get; }
    public Column<long> OutReceiver { get; }
    public Column<string?> OutMessage { get; }
    public Column<int> OutOrdinal { get; }
    public Column<string?> OutState { get; }
    public Column<string?> OutType { get; }
    public Column<string?> OutSchema { get; }
    public Column<string?> OutCodec { get; }
    public Column<ReadOnlyMemory<byte>> OutBody { get; }
    public Column<long> ArrivedReceiver { get; }
    public Column<string?> ArrivedMessage { get; }
    public Column<string?> PageKey { get; }
    public Column<long> PageInstance { get; }
    public Column<int> PageState { get; }
    public Column<short> PageSeverity { get; }
    public Column<string?> PageCode { get; }
    public Column<string?> PageSummary { get; }
    public Column<long> PageRaised { get; }
}
