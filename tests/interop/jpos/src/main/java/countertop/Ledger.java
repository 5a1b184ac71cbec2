package countertop;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What this acquirer has really charged, by its own reference numbers. */
final class Ledger {
    static final class Entry {
        final String kind;
        final String side;
        final String batch;
        final String stan;
        final long amount;
        final String pan;
        String reference = "";
        String code = "";
        String authorization = "";
        boolean standing;
        Entry original;
        boolean followed;

        Entry(String kind, String side, String batch, String stan, long amount, String pan) {
            this.kind = kind;
            this.side = side;
            this.batch = batch;
            this.stan = stan;
            this.amount = amount;
            this.pan = pan;
        }
    }

    final Map<String, Long> balances = new LinkedHashMap<>();
    final List<Entry> entries = new ArrayList<>();
    private int references;

    Entry find(String batch, String stan) {
        for (Entry entry : entries) if (entry.batch.equals(batch) && entry.stan.equals(stan)) return entry;
        return null;
    }

    Entry byReference(String reference) {
        for (Entry entry : entries) if (entry.standing && entry.reference.equals(reference)) return entry;
        return null;
    }

    long refunded(Entry original) {
        long sum = 0;
        for (Entry entry : entries) if (entry.standing && entry.original == original) sum += entry.amount;
        return sum;
    }

    void take(Entry entry, String code) {
        entry.reference = String.format("%012d", ++references);
        entry.code = code;
        entry.standing = code.equals("00");
        if (entry.standing) {
            entry.authorization = String.format("J%05d", references);
            move(entry, 1);
        }
        entries.add(entry);
    }

    void undo(Entry entry) {
        if (!entry.standing) return;
        entry.standing = false;
        move(entry, -1);
    }

    private void move(Entry entry, int direction) {
        long sign = entry.side.equals("debit") ? -1 : entry.side.equals("credit") ? 1 : 0;
        balances.merge(entry.pan, direction * sign * entry.amount, Long::sum);
    }

    /** Debit and credit sums of a batch as element 48 has them: amount 12, count 3, each side. */
    String totals(String batch) {
        long debit = 0, credit = 0, debits = 0, credits = 0;
        for (Entry entry : entries) {
            if (!entry.standing || !entry.batch.equals(batch)) continue;
            if (entry.side.equals("debit")) {
                debit += entry.amount;
                debits++;
            } else if (entry.side.equals("credit")) {
                credit += entry.amount;
                credits++;
            }
        }
        return String.format("%012d%03d%012d%03d", debit, debits, credit, credits);
    }

    String report() {
        StringBuilder text = new StringBuilder();
        for (Entry entry : entries)
            text.append(String.join("\t", entry.kind, entry.side, entry.batch, entry.stan,
                    Long.toString(entry.amount), entry.reference, entry.code, entry.standing ? "stands" : "undone"))
                .append('\n');
        return text.toString();
    }
}
