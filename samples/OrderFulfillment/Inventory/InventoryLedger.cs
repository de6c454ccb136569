using Shop.Ledgers;

namespace Shop.Inventory;

/// <summary>How much there is of one article. Every unit is in exactly one of the three numbers.</summary>
public sealed record Stock(string Sku, long OnHand, long Reserved, long Shipped);

/// <summary>
/// The warehouse's books: what is on hand, reserved for an order, shipped. Every change comes under a token that the books hold unique: the same token again
/// gets the first answer again, and a token that was taken back before it came is refused for good.
/// </summary>
public sealed class InventoryLedger(string path, IReadOnlyDictionary<string, long> seed) : IInventory, IDisposable
{
    private readonly LedgerFile _file = Open(path, seed);

    private static LedgerFile Open(string path, IReadOnlyDictionary<string, long> seed)
    {
        var file = new LedgerFile(path, """
            CREATE TABLE IF NOT EXISTS stock (
                sku      TEXT PRIMARY KEY,
                on_hand  INTEGER NOT NULL CHECK (on_hand >= 0),
                reserved INTEGER NOT NULL DEFAULT 0 CHECK (reserved >= 0),
                shipped  INTEGER NOT NULL DEFAULT 0 CHECK (shipped >= 0)
            ) STRICT;
            CREATE TABLE IF NOT EXISTS holds (
                token    TEXT PRIMARY KEY,
                order_id TEXT NOT NULL,
                status   TEXT NOT NULL CHECK (status IN ('held', 'shipped', 'released', 'refused')),
                reason   TEXT
            ) STRICT, WITHOUT ROWID;
            CREATE TABLE IF NOT EXISTS hold_items (
                token    TEXT NOT NULL REFERENCES holds (token),
                sku      TEXT NOT NULL REFERENCES stock (sku),
                quantity INTEGER NOT NULL CHECK (quantity > 0),
                PRIMARY KEY (token, sku)
            ) STRICT, WITHOUT ROWID;
            CREATE TABLE IF NOT EXISTS moves (
                token    TEXT PRIMARY KEY,
                kind     TEXT NOT NULL CHECK (kind IN ('parcel', 'handover')),
                subject  TEXT NOT NULL,
                status   TEXT NOT NULL CHECK (status IN ('done', 'taken-back'))
            ) STRICT, WITHOUT ROWID;
            """);
        file.Write(db =>
        {
            foreach (var (sku, quantity) in seed) db.Execute("INSERT INTO stock (sku, on_hand) VALUES (?1, ?2) ON CONFLICT DO NOTHING", sku, quantity);
            return true;
        }).GetAwaiter().GetResult();
        return file;
    }

    /// <inheritdoc />
    public Task<Reply> Reserve(string token, string orderId, IReadOnlyList<Item> items, CancellationToken cancellation = default) => _file.Write(db =>
    {
        if (Hold(db, token) is { } known)
            return known.Status switch { "refused" => new Reply(known.Reason), "released" => new("released-before"), _ => new() };

        foreach (var item in items)
        {
            if (db.First("SELECT on_hand FROM stock WHERE sku = ?1", row => (object)row.GetInt64(0), item.Sku) is not long onHand) return Refuse("unknown-sku");
            if (onHand < item.Quantity) return Refuse("out-of-stock");
        }
        db.Execute("INSERT INTO holds (token, order_id, status) VALUES (?1, ?2, 'held')", token, orderId);
        foreach (var item in items) db.Execute("INSERT INTO hold_items (token, sku, quantity) VALUES (?1, ?2, ?3)", token, item.Sku, item.Quantity);
        Shift(db, token, "on_hand = on_hand - quantity, reserved = reserved + quantity");
        return new();

        Reply Refuse(string reason)
        {
            db.Execute("INSERT INTO holds (token, order_id, status, reason) VALUES (?1, ?2, 'refused', ?3)", token, orderId, reason);
            return new(reason);
        }
    });

    /// <inheritdoc />
    public Task<Reply> Release(string token, string orderId, CancellationToken cancellation = default) => _file.Write(db =>
    {
        switch (Hold(db, token)?.Status)
        {
            case null:
                db.Execute("INSERT INTO holds (token, order_id, status) VALUES (?1, ?2, 'released')", token, orderId);
                return new Reply();
            case "held":
                Shift(db, token, "reserved = reserved - quantity, on_hand = on_hand + quantity");
                db.Execute("UPDATE holds SET status = 'released' WHERE token = ?1", token);
                return new();
            case "shipped":
                return new("shipped");
            default:
                return new();
        }
    });

    /// <inheritdoc />
    public Task<Reply> Pack(string token, string parcel, CancellationToken cancellation = default) => _file.Write(db => Move(db, token, "parcel", parcel, "done"));

    /// <inheritdoc />
    public Task<Reply> Unpack(string token, string parcel, CancellationToken cancellation = default) => _file.Write(db => Move(db, token, "parcel", parcel, "taken-back"));

    /// <inheritdoc />
    public Task<Reply> HandOver(string token, string hold, CancellationToken cancellation = default) => _file.Write(db =>
    {
        var before = Status(db, token);
        var reply = Move(db, token, "handover", hold, "done");
        if (before is not null || !reply.Done) return reply;

        if (Hold(db, hold) is not { Status: "held" }) throw new InvalidOperationException($"There is nothing held under {hold}.");
        Shift(db, hold, "reserved = reserved - quantity, shipped = shipped + quantity");
        db.Execute("UPDATE holds SET status = 'shipped' WHERE token = ?1", hold);
        return reply;
    });

    /// <inheritdoc />
    public Task<Reply> TakeBack(string token, string hold, CancellationToken cancellation = default) => _file.Write(db =>
    {
        var before = Status(db, token);
        var reply = Move(db, token, "handover", hold, "taken-back");
        if (before is not "done") return reply;

        Shift(db, hold, "shipped = shipped - quantity, reserved = reserved + quantity");
        db.Execute("UPDATE holds SET status = 'held' WHERE token = ?1", hold);
        return reply;
    });

    /// <summary>How much there is; null for an unknown article.</summary>
    public Stock? Find(string sku) => _file.Read(db =>
        db.First("SELECT sku, on_hand, reserved, shipped FROM stock WHERE sku = ?1", row => new Stock(row.GetString(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3)), sku));

    private static Reply Move(LedgerConnection db, string token, string kind, string subject, string status)
    {
        switch (Status(db, token), status)
        {
            case (null, _):
                db.Execute("INSERT INTO moves (token, kind, subject, status) VALUES (?1, ?2, ?3, ?4)", token, kind, subject, status);
                return new();
            case ("done", "taken-back"):
                db.Execute("UPDATE moves SET status = 'taken-back' WHERE token = ?1", token);
                return new();
            case ("taken-back", "done"):
                return new("taken-back-before");
            default:
                return new();
        }
    }

    private static string? Status(LedgerConnection db, string token) => db.First("SELECT status FROM moves WHERE token = ?1", row => row.GetString(0), token);

    private static HoldRow? Hold(LedgerConnection db, string token) =>
        db.First("SELECT status, reason FROM holds WHERE token = ?1", row => new HoldRow(row.GetString(0), row.IsDBNull(1) ? null : row.GetString(1)), token);

    private static void Shift(LedgerConnection db, string hold, string change) =>
        db.Execute($"UPDATE stock SET {change} FROM hold_items WHERE hold_items.sku = stock.sku AND hold_items.token = ?1", hold);

    /// <inheritdoc />
    public void Dispose() => _file.Dispose();

    private sealed record HoldRow(string Status, string? Reason);
}
