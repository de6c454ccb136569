using Perdure.Ports;
using Perdure.Sqlite.Native;
using Perdure.Sqlite.Writing;

namespace Perdure.Sqlite.Transacting;

/// <summary>Writes one item in a transaction that an operation has begun, on the operation's connection.</summary>
internal sealed class EndWriter
{
    private readonly Database _database;
    private readonly Counts _counts;
    private readonly ItemWriter _items;
    private readonly Statement _epoch;

    public EndWriter(Database database, Maps maps)
    {
        _database = database;
        _counts = new(database);
        _items = new(database, maps, new(database), _counts);
        _epoch = database["epoch"];
    }

    /// <summary>Writes the item behind the store's newest record, if the lane is still of that epoch. Null where the rows are written, to be committed by the caller.</summary>
    /// <exception cref="SqliteFault">Rows at fault, or the store; the transaction is to be rolled back.</exception>
    public TransactionAnswer? Write(int lane, long epoch, Item item, long position, out long written)
    {
        written = position;
        _database.Arena.Reset();
        _epoch.Set(1, (long)lane);
        var present = _epoch.Read() ? _epoch.Long(0) : 0;
        _epoch.Reset();
        if (present != epoch) return new TransactionAnswer.Fenced(present);
        _items.GoOn(position);
        var answer = _items.Write(item);
        if (answer is ItemAnswer.Refused(var reason)) return new TransactionAnswer.Refused(reason);
        if (answer is not ItemAnswer.Committed(var at)) throw new InvalidOperationException($"The end of an operation was answered with {answer}.");
        _counts.Write();
        written = at;
        return null;
    }
}
