import { myisamCases } from './myisam-cases.ts';

myisamCases(['mariadb']);
