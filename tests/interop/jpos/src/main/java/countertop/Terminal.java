package countertop;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jpos.iso.ISOException;
import org.jpos.iso.ISOMsg;
import org.jpos.iso.ISOUtil;
import org.jpos.iso.packager.GenericPackager;

/**
 * A terminal on jPOS, for the host simulator. Arguments: host, port, terminal, merchant; on standard input first the
 * master key, then a command a line; on standard output one line an answer: code, reference, whether the MAC is right.
 */
public final class Terminal {
    private final GenericPackager packager = UnionPay.packager();
    private final Line line;
    private final String terminal;
    private final String merchant;
    private final byte[] master;
    private byte[] pinKey;
    private byte[] macKey;
    private String batch = "000001";
    private int stan;
    private ISOMsg last;

    private Terminal(String[] arguments, byte[] master) throws ISOException {
        line = new Line(arguments[0], Integer.parseInt(arguments[1]), packager);
        terminal = arguments[2];
        merchant = arguments[3];
        this.master = master;
    }

    public static void main(String[] arguments) throws Exception {
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        Terminal self = new Terminal(arguments, ISOUtil.hex2byte(input.readLine().trim()));
        for (String command = input.readLine(); command != null; command = input.readLine()) {
            System.out.println(self.run(command.split(" ")));
            System.out.flush();
        }
    }

    private String run(String[] words) throws Exception {
        switch (words[0]) {
            case "sign-on":
                return signOn();
            case "echo":
                return result(call(management("0820", "301")));
            case "sale": // amount track2 pin
                return result(call(sale(words)));
            case "reverse":
                return result(call(reversal()));
            case "void": // amount batch stan reference
                return result(call(void_(words)));
            case "refund": // amount batch stan reference date
                return result(call(refund(words)));
            case "settle": // totals of 30 digits
                return settle(words[1]);
            default:
                return "unknown";
        }
    }

    private ISOMsg message(String mti, String type, String network) throws ISOException {
        ISOMsg message = new ISOMsg(mti);
        message.setPackager(packager);
        stan++;
        message.set(11, String.format("%06d", stan));
        message.set(41, terminal);
        message.set(42, merchant);
        message.set(60, type + batch + network);
        return message;
    }

    private ISOMsg management(String mti, String network) throws ISOException {
        return message(mti, "00", network);
    }

    private String signOn() throws Exception {
        ISOMsg answer = call(management("0800", "003"));
        byte[] keys = answer.getBytes(62);
        pinKey = UnionPay.decrypt(master, Arrays.copyOfRange(keys, 0, 16));
        macKey = UnionPay.decrypt(master, Arrays.copyOfRange(keys, 20, 28));
        boolean right = Arrays.equals(UnionPay.checkValue(pinKey), Arrays.copyOfRange(keys, 16, 20))
            && Arrays.equals(UnionPay.checkValue(macKey), Arrays.copyOfRange(keys, 36, 40));
        batch = answer.getString(60).substring(2, 8);
        return answer.getString(39) + " " + batch + " " + (right ? "check-values" : "wrong-check-values");
    }

    private ISOMsg financial(String mti, String code, String type, String amount) throws ISOException {
        ISOMsg message = message(mti, type, "00060");
        message.set(3, code);
        message.set(4, String.format("%012d", Long.parseLong(amount)));
        message.set(22, "012");
        message.set(25, "00");
        message.set(49, "156");
        return message;
    }

    private ISOMsg sale(String[] words) throws ISOException {
        boolean pin = words.length > 3;
        ISOMsg message = financial("0200", "000000", "22", words[1]);
        message.set(22, pin ? "021" : "022");
        message.set(35, words[2]);
        message.set(53, pin ? "2600000000000000" : "0600000000000000");
        if (pin) {
            message.set(26, "12");
            message.set(52, UnionPay.pinBlock(pinKey, words[3], UnionPay.track2Pan(words[2])));
        }
        UnionPay.seal(message, macKey);
        return last = message;
    }

    private ISOMsg reversal() throws ISOException {
        ISOMsg message = new ISOMsg("0400");
        message.setPackager(packager);
        for (int element : new int[] {3, 4, 11, 22, 25, 41, 42, 49, 60}) message.set(element, last.getString(element));
        message.set(39, "98");
        UnionPay.seal(message, macKey);
        return message;
    }

    private ISOMsg void_(String[] words) throws ISOException {
        ISOMsg message = financial("0200", "200000", "23", words[1]);
        message.set(37, words[4]);
        message.set(61, words[2] + words[3]);
        UnionPay.seal(message, macKey);
        return last = message;
    }

    private ISOMsg refund(String[] words) throws ISOException {
        ISOMsg message = financial("0220", "200000", "25", words[1]);
        message.set(37, words[4]);
        message.set(61, words[2] + words[3] + words[5]);
        UnionPay.seal(message, macKey);
        return message;
    }

    private String settle(String totals) throws Exception {
        ISOMsg message = message("0500", "00", "201");
        message.set(48, totals + "0" + "0".repeat(31));
        message.set(49, "156");
        String told = call(message).getString(48);
        ISOMsg end = message("0320", "00", told.charAt(30) == '1' ? "207" : "202");
        end.set(48, "0000");
        return told.charAt(30) + " " + call(end).getString(39);
    }

    private ISOMsg call(ISOMsg message) throws Exception {
        line.connect();
        try {
            line.send(message);
            return line.receive();
        } finally {
            line.disconnect();
        }
    }

    private String result(ISOMsg answer) throws ISOException {
        String mac = answer.hasField(64) ? (UnionPay.genuine(answer, macKey) ? "genuine" : "forged") : "unsealed";
        return String.join(" ", answer.getString(39), batch, answer.getString(11), answer.getString(37), mac);
    }
}
