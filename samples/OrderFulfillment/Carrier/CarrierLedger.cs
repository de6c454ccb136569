using Shop.Ledgers;

namespace Shop.Carrier;

/// <summary>
/// The carrier's books. A shipment's token is unique in them: the same one again gets the first answer again, and one that was recalled before it came is refused.
/// </summary>
public sealed class CarrierLedger(string path) : ICarrier, IDisposable
{
    /// <summary>A country that no parcel can be sent to.</summary>
    public const string Nowhere = "ZZ";

    private readonly LedgerFile _file = new(path, """
        CREATE TABLE IF NOT EXISTS shipments (
            id       INTEGER PRIMARY KEY,
            token    TEXT NOT NULL UNIQUE,
            order_id TEXT NOT NULL,
            status   TEXT NOT NULL CHECK (status IN ('shipped', 'recalled', 'refused', 'void')),
            parcels  INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX IF NOT EXISTS shipments_by_order ON shipments (order_id);
        """);

    /// <inheritdoc />
    public Task<Shipping> Ship(string token, string orderId, string country, int parcels, CancellationToken cancellation = default) => _file.Write(db =>
        Find(db, token) ?? Book(db, token, orderId, country == Nowhere ? "refused" : "shipped", parcels));

    /// <inheritdoc />
    public Task<Shipping> Recall(string token, string orderId, CancellationToken cancellation = default) => _file.Write(db =>
    {
        if (Find(db, token) is not { } known) return Book(db, token, orderId, "void", 0);
        db.Execute("UPDATE shipments SET status = 'recalled' WHERE token = ?1 AND status = 'shipped'", token);
        return known.Status == "shipped" ? known with { Status = "recalled" } : known;
    });

    /// <summary>The order's shipments that left.</summary>
    public IReadOnlyList<Shipping> Shipments(string orderId) => _file.Read(db =>
        db.All("SELECT id, status, token FROM shipments WHERE order_id = ?1 AND status IN ('shipped', 'recalled') ORDER BY id", Read, orderId));

    private static Shipping Book(LedgerConnection db, string token, string orderId, string status, int parcels)
    {
        db.Execute("INSERT INTO shipments (token, order_id, status, parcels) VALUES (?1, ?2, ?3, ?4)", token, orderId, status, parcels);
        return Find(db, token)!;
    }

    private static Shipping? Find(LedgerConnection db, string token) => db.First("SELECT id, status, token FROM shipments WHERE token = ?1", Read, token);

    private static Shipping Read(Microsoft.Data.Sqlite.SqliteDataReader row) => new($"shp_{row.GetInt64(0)}", row.GetString(1), row.GetString(2));

    /// <inheritdoc />
    public void Dispose() => _file.Dispose();
}
