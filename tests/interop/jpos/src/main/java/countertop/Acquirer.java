package countertop;

import com.sun.net.httpserver.HttpServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.text.SimpleDateFormat;
import java.util.Date;
import java.util.HashMap;
import java.util.Map;
import org.jpos.core.SimpleConfiguration;
import org.jpos.iso.ISOException;
import org.jpos.iso.ISOMsg;
import org.jpos.iso.ISORequestListener;
import org.jpos.iso.ISOServer;
import org.jpos.iso.ISOSource;
import org.jpos.iso.ISOUtil;

/**
 * An acquirer on jPOS: ISOServer, NACChannel, GenericPackager; keys and MACs by the JDK; a ledger of its own.
 * Standard input: first the terminal's master key in hexadecimal, then {@code PAN PIN BALANCE} a line, then an empty
 * line. Standard output: {@code ready PORT REPORT-PORT}. The report port answers {@code /ledger} and {@code /swallow}
 * (the next financial answer is not sent).
 */
public final class Acquirer implements ISORequestListener {
    private static final String ACQUIRER = "48310000";
    private final Ledger ledger = new Ledger();
    private final Map<String, String> pins = new HashMap<>();
    private final SecureRandom random = new SecureRandom();
    private final byte[] master;
    private byte[] pinKey;
    private byte[] macKey;
    private int batch = 1;
    private boolean swallow;

    private Acquirer(byte[] master) {
        this.master = master;
    }

    public static void main(String[] arguments) throws Exception {
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        Acquirer acquirer = new Acquirer(ISOUtil.hex2byte(input.readLine().trim()));
        for (String line = input.readLine(); line != null && !line.isEmpty(); line = input.readLine()) {
            String[] words = line.split(" ");
            acquirer.pins.put(words[0], words[1]);
            acquirer.ledger.balances.put(words[0], Long.parseLong(words[2]));
        }
        int port = freePort();
        ISOServer server = new ISOServer(port, new Line(UnionPay.packager(), null), null);
        SimpleConfiguration loopback = new SimpleConfiguration();
        loopback.put("bind-address", "127.0.0.1");
        server.setConfiguration(loopback);
        server.addISORequestListener(acquirer);
        new Thread(server, "line").start();
        HttpServer reports = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        reports.createContext("/", acquirer::report);
        reports.start();
        while (!answers(port)) Thread.sleep(20);
        System.out.println("ready " + port + " " + reports.getAddress().getPort());
        System.out.flush();
        while (input.readLine() != null) { /* until the test hangs up */ }
        System.exit(0);
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static boolean answers(int port) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (IOException error) {
            return false;
        }
    }

    private synchronized void report(com.sun.net.httpserver.HttpExchange exchange) throws IOException {
        if (exchange.getRequestURI().getPath().equals("/swallow")) swallow = true;
        byte[] text = ledger.report().getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(200, text.length == 0 ? -1 : text.length);
        exchange.getResponseBody().write(text);
        exchange.close();
    }

    @Override
    public synchronized boolean process(ISOSource source, ISOMsg request) {
        try {
            ISOMsg answer = answer(request);
            boolean financial = request.getMTI().startsWith("02");
            if (financial && swallow) {
                swallow = false;
                return true;
            }
            source.send(answer);
        } catch (ISOException | IOException error) {
            System.err.println("acquirer: " + error.getClass().getSimpleName());
        }
        return true;
    }

    private ISOMsg answer(ISOMsg request) throws ISOException {
        ISOMsg answer = new ISOMsg();
        answer.setPackager(request.getPackager());
        answer.setHeader(Line.answered(request.getHeader()));
        answer.setMTI(String.format("%04d", Integer.parseInt(request.getMTI()) + 10));
        for (int element : new int[] {3, 4, 11, 25, 41, 42, 49, 60})
            if (request.hasField(element)) answer.set(element, request.getString(element));
        Date now = new Date();
        answer.set(12, new SimpleDateFormat("HHmmss").format(now));
        answer.set(13, new SimpleDateFormat("MMdd").format(now));
        answer.set(32, ACQUIRER);
        switch (request.getMTI()) {
            case "0800":
            case "0820":
                return manage(request, answer);
            case "0500":
            case "0320":
                return settle(request, answer);
            default:
                return pay(request, answer);
        }
    }

    private ISOMsg manage(ISOMsg request, ISOMsg answer) throws ISOException {
        String wanted = request.getString(60).substring(8, 11);
        answer.set(37, "000000" + request.getString(11));
        answer.set(39, "00");
        if (wanted.equals("003")) {
            pinKey = fresh(16);
            macKey = fresh(8);
            answer.set(60, String.format("00%06d003", batch));
            byte[] keys = ISOUtil.concat(UnionPay.encrypt(master, pinKey), UnionPay.checkValue(pinKey));
            keys = ISOUtil.concat(keys, ISOUtil.concat(UnionPay.encrypt(master, macKey), new byte[8]));
            answer.set(62, ISOUtil.concat(keys, UnionPay.checkValue(macKey)));
        } else if (!wanted.equals("002") && !wanted.equals("301")) {
            answer.set(39, "40");
        }
        return answer;
    }

    private byte[] fresh(int length) {
        byte[] key = new byte[length];
        random.nextBytes(key);
        org.jpos.security.Util.adjustDESParity(key);
        return key;
    }

    private ISOMsg settle(ISOMsg request, ISOMsg answer) throws ISOException {
        answer.unset(4);
        String closing = request.getString(60).substring(2, 8);
        answer.set(37, "000000" + request.getString(11));
        if (request.getMTI().equals("0500")) {
            String told = request.getString(48);
            String ours = ledger.totals(closing);
            answer.set(48, ours + (told.startsWith(ours) ? "1" : "2") + "0".repeat(30) + "1");
            return answer;
        }
        String end = request.getString(60).substring(8, 11);
        answer.set(39, "00");
        if (end.equals("207") || end.equals("202")) {
            answer.set(48, request.getString(48));
            batch = Integer.parseInt(closing) + 1;
        }
        return answer;
    }

    private ISOMsg pay(ISOMsg request, ISOMsg answer) throws ISOException {
        if (!UnionPay.genuine(request, macKey)) {
            answer.set(37, "000000" + request.getString(11));
            answer.set(39, "A0");
            return answer;
        }
        String inBatch = request.getString(60).substring(2, 8);
        String stan = request.getString(11);
        Ledger.Entry known = ledger.find(inBatch, stan);
        if (request.getMTI().equals("0400")) {
            answer.set(37, known == null ? "000000" + stan : known.reference);
            answer.set(39, known == null ? "25" : "00");
            if (known != null) ledger.undo(known);
        } else {
            Ledger.Entry entry = known == null ? decide(request, inBatch, stan) : known;
            answer.set(37, entry.reference);
            answer.set(39, known == null ? entry.code : "94");
            if (entry.standing) answer.set(38, entry.authorization);
            answer.set(44, String.format("%-11s%-11s", "01020000", ACQUIRER));
            answer.set(63, "CUP");
        }
        UnionPay.seal(answer, macKey);
        return answer;
    }

    private Ledger.Entry decide(ISOMsg request, String inBatch, String stan) throws ISOException {
        String type = request.getString(60).substring(0, 2);
        long amount = Long.parseLong(request.getString(4));
        String pan = request.hasField(35) ? UnionPay.track2Pan(request.getString(35)) : request.getString(2);
        Ledger.Entry original = null;
        String code = "00";
        String kind = "sale";
        String side = "debit";
        if (type.equals("23") || type.equals("25")) {
            side = "credit";
            kind = type.equals("23") ? "void" : "refund";
            original = type.equals("23")
                ? ledger.find(request.getString(61).substring(0, 6), request.getString(61).substring(6, 12))
                : ledger.byReference(request.getString(37));
            if (original == null || !original.standing) code = "25";
            else if (type.equals("23") && (original.amount != amount || ledger.refunded(original) > 0)) code = "64";
            else if (ledger.refunded(original) + amount > original.amount) code = "64";
            if (original != null) pan = original.pan;
        } else if (!type.equals("22")) {
            code = "40";
        } else if (!pins.containsKey(pan)) {
            code = "14";
        } else if (request.hasField(52) && !pins.get(pan).equals(UnionPay.pin(pinKey, request.getBytes(52), pan))) {
            code = "55";
        } else if (ledger.balances.get(pan) < amount) {
            code = "51";
        }
        Ledger.Entry entry = new Ledger.Entry(kind, side, inBatch, stan, amount, pan);
        entry.original = original;
        ledger.take(entry, code);
        return entry;
    }
}
